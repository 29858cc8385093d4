import { Type } from 'typebox'
import { feedEvent, ownEvent } from './event.ts'
import { ownerSchema } from './photo.ts'

const { photo, owner, timestamp } = feedEvent.properties

function message<Data extends Parameters<typeof Type.Object>[0]>(type: string, title: string, data: Data) {
  return Type.Object({ type: Type.Literal(type), timestamp, data: Type.Object(data) }, { title })
}

/** As an owner's streams have it, and whether others are to be told. */
const event = Type.Object({
  ...ownEvent.properties,
  isNew: Type.Boolean({
    description:
      "Others see the photo for the first time: a `feed.new` for its owner's followers comes, too.",
  }),
})

/** What the app's webhook is sent, by type. */
export const WEBHOOK_MESSAGES = {
  'photo.events': message('photo.events', 'PhotoEvents', {
    events: Type.Array(event, { minItems: 1, maxItems: 100, description: 'The oldest first.' }),
  }),
  'feed.new': message('feed.new', 'FeedNew', {
    photo,
    owner,
    viewers: Type.Array(ownerSchema, {
      minItems: 1,
      maxItems: 1_000,
      description: 'Who follow the owner: some of them.',
    }),
  }),
  'webhook.test': message('webhook.test', 'WebhookTest', {}),
} as const

const SUMMARIES: Record<keyof typeof WEBHOOK_MESSAGES, string> = {
  'photo.events': 'What happened to photos',
  'feed.new': 'A new photo is in the feeds of these viewers',
  'webhook.test': 'Nothing happened: an operator wants to know whether messages come through',
}

const HEADERS = {
  'webhook-id': 'The same when the message is sent again.',
  'webhook-timestamp': 'Seconds since 1970, of this attempt.',
  'webhook-signature':
    'By https://www.standardwebhooks.com: `v1,` and a digest in base64, one of each secret with a blank between them.',
}

/** The messages as OpenAPI describes what an API sends by itself. */
export const WEBHOOKS = Object.fromEntries(
  Object.entries(WEBHOOK_MESSAGES).map(([type, schema]) => {
    const summary = SUMMARIES[type as keyof typeof WEBHOOK_MESSAGES]
    const parameters = Object.entries(HEADERS).map(([name, description]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema: { type: 'string' },
    }))
    const post = {
      operationId: type,
      summary,
      parameters,
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: {
        '2XX': { description: 'Taken. Anything else is not, and the message is sent again.' },
        '410': { description: 'The app wants no more messages.' },
      },
    }
    return [type, { post }]
  }),
)
