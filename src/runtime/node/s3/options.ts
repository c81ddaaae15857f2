/** Who asks an object store. All of it is secret. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of credentials that expire. */
  readonly sessionToken?: string;
}

/** How addresses `s3://BUCKET/KEY` are read. */
export interface S3Options {
  /** `null`: requests are not signed, for buckets that everybody may read. */
  readonly credentials: S3Credentials | null;
  /** Of the bucket; `us-east-1` by default. A wrong one is corrected by what AWS answers. */
  readonly region?: string;
  /** The address of another store than AWS: there the bucket is the first part of the path. */
  readonly endpoint?: string;
}
