import fastifyStatic from '@fastify/static'
import type { Access } from './access.ts'
import { builtInspectFolder, isBuilt } from './app-folder.ts'
import { unbuiltPage } from './plain-page.ts'
import { addRecordings } from './recordings.ts'
import { requireSession, type PageApp } from './routes.ts'

const hidden = { schema: { hide: true } }

/**
 * The state charts of a community at `/machines/`, for whoever operates it. The page is public like the app,
 * what it shows needs a session; where nothing is recorded, it says how to.
 */
export async function addMachines(
  app: PageApp,
  recordings: readonly string[],
  access: Access | null,
  folder = builtInspectFolder(),
): Promise<void> {
  app.get('/machines', hidden, async (_request, reply) => reply.redirect('machines/'))
  await app.register(
    async (inner) => {
      addRecordings(inner, recordings, (request) => requireSession(request, access))
      if (isBuilt(folder)) await inner.register(fastifyStatic, { root: folder, decorateReply: false })
      else {
        inner.get('/', hidden, async (_request, reply) =>
          reply.code(503).type('text/html; charset=utf-8').send(unbuiltPage()),
        )
      }
    },
    { prefix: '/machines' },
  )
}
