import type { SwaggerTransformObject } from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { alarmEvent, readingEvent, refusal } from '../messages.ts'
import { communityView, homeView } from '../read-model.ts'

/** The schemas that the description names; everything else stands inline. */
const named = z.registry<{ id: string }>()
named.add(homeView, { id: 'HomeView' })
named.add(communityView, { id: 'CommunityView' })
named.add(readingEvent, { id: 'ReadingEvent' })
named.add(alarmEvent, { id: 'AlarmEvent' })
named.add(refusal, { id: 'Refusal' })

/** How the API describes itself (OpenAPI 3.1), from the very schemas that validate. */
export const openApi = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Meterhood gateway',
      version: '1',
      description: 'What one gateway tells its own people, and what they may ask of it.',
    },
  },
  transform: createJsonSchemaTransform({ schemaRegistry: named }),
  transformObject: withoutInputs(createJsonSchemaTransformObject({ schemaRegistry: named })),
}

/** Views are only ever answers: the copies of their schemas for requests would be noise. */
function withoutInputs(transform: SwaggerTransformObject): SwaggerTransformObject {
  return (document) => {
    const described = transform(document)
    const schemas = 'components' in described ? (described.components.schemas ?? {}) : {}
    const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => !name.endsWith('Input')))
    return Object.assign(described, { components: { schemas: kept } })
  }
}
