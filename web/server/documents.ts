import fastifyStatic from '@fastify/static'
import type { Certificates } from './certificates.ts'
import { isBuilt } from './app-folder.ts'
import { PLAIN_STYLE, PLAIN_STYLE_PATH, unbuiltPage } from './plain-page.ts'
import type { PageApp } from './routes.ts'
import { trustPage } from './trust-page.ts'

const hidden = { schema: { hide: true } }

/** The app itself: public, since it holds nothing of the home; hashed files are kept by browsers for ever. */
export async function addApp(app: PageApp, folder: string): Promise<void> {
  app.get(PLAIN_STYLE_PATH, hidden, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(PLAIN_STYLE),
  )
  if (!isBuilt(folder)) {
    app.get('/', hidden, async (_request, reply) =>
      reply.code(503).type('text/html; charset=utf-8').send(unbuiltPage()),
    )
    return
  }
  await app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const hashed = path.includes('/assets/')
      void reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}

/** How a device comes to trust this gateway; served without a session, since a certificate is public. */
export function addTrust(app: PageApp, gateway: () => string, certificates: Certificates): void {
  app.get('/trust', hidden, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(trustPage(gateway(), certificates.fingerprint)),
  )
  app.get('/trust/meterhood-ca.crt', hidden, async (_request, reply) =>
    reply
      .type('application/x-x509-ca-cert')
      .header('content-disposition', 'attachment; filename="meterhood-ca.crt"')
      .send(certificates.authorityPem),
  )
}
