import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** The certificate of a gateway's own authority, from its data folder: what its trust page gives. */
export const authorityOf = (data: string): string =>
  z.object({ cert: z.string() }).parse(JSON.parse(readFileSync(join(data, 'tls', 'authority.json'), 'utf8')))
    .cert
