/**
 * Templates by the names that VMX files have for the systems. Sources: the templates of XenServer 8 and XCP-ng 8.3 (`guest-templates-json`), Apache
 * CloudStack's mapping of guest systems for XenServer.
 */
export const XENSERVER_TEMPLATES: Readonly<Record<string, string>> = {
  "debian10-64": "Debian Buster 10",
  "debian11-64": "Debian Bullseye 11",
  "debian12-64": "Debian Bookworm 12",
  "rhel7-64": "Red Hat Enterprise Linux 7",
  "rhel8-64": "Red Hat Enterprise Linux 8",
  "rhel9-64": "Red Hat Enterprise Linux 9",
  "centos7-64": "CentOS 7",
  "centos8-64": "CentOS 8",
  "centos9-64": "CentOS Stream 9",
  "oraclelinux7-64": "Oracle Linux 7",
  "oraclelinux8-64": "Oracle Linux 8",
  "oraclelinux9-64": "Oracle Linux 9",
  "sles15-64": "SUSE Linux Enterprise 15 (64-bit)",
  windows9: "Windows 10 (32-bit)",
  "windows9-64": "Windows 10 (64-bit)",
  "windows11-64": "Windows 11",
  "windows9srv-64": "Windows Server 2016 (64-bit)",
  "windows2019srv-64": "Windows Server 2019 (64-bit)",
  "windows2019srvnext-64": "Windows Server 2022 (64-bit)",
};
