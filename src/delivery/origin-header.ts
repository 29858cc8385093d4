/** What CloudFront sends the secret in by which the API knows its requests; deploy/ sets it, src/http/routes/origin.ts reads it. */
export const ORIGIN_HEADER = 'x-darkroom-origin'
