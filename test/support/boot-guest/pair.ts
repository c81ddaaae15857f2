/**
 * What a package of two guests is built of, beside the disk `guest-bios.raw` with what `makeBootGuest` makes to tell environments: a licence, an order of
 * start, drives on IDE, which every platform knows, a private network, and questions of five types, one of them for a password.
 */
export const PAIR: string = `appliance: 1
name: pair
networks: { inside: Between the two }
eulas: [Use it as you like]
startup:
  - { machine: db, order: 1, delay: 2 }
  - { machine: web, order: 2 }
machines:
  web:
    os: debian12
    memory: 256MiB
    firmware: bios
    controllers: { i: { bus: ide } }
    drives: [{ disk: guest-bios.raw, controller: i }, { cdrom: empty, controller: i }]
    nics: [{ network: inside, model: e1000 }]
    transports: [iso]
    products:
      - properties:
          hostname: { default: web, max-length: 20 }
          port: { type: uint16, default: 80 }
          secure: { type: boolean, default: false }
          mode: { choices: [small, large], default: small }
          address: { type: string, default: 10.9.8.1 }
          neighbour: { type: string, default: 10.9.8.2 }
          password: { password: yes, min-length: 8 }
  db:
    os: debian12
    memory: 256MiB
    firmware: bios
    controllers: { i: { bus: ide } }
    drives: [{ disk: guest-bios.raw, controller: i }, { cdrom: empty, controller: i }]
    nics: [{ network: inside, model: e1000 }]
    transports: [iso]
    products:
      - properties:
          name: { default: 'a "b" & c' }
          address: { type: string, default: 10.9.8.2 }
`;
