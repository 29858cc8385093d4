import type { Words } from './en.ts'

export const de: Words = {
  common: {
    name: 'Darkroom',
    skip: 'Zum Inhalt springen',
    views: 'Ansichten',
    develop: 'Entwickeln',
    feed: 'Feed',
    runs: 'Läufe',
    operator: 'Betrieb',
    signOut: 'Abmelden',
    loading: 'Wird geladen …',
    retry: 'Noch einmal',
    cancel: 'Abbrechen',
    close: 'Schließen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    back: 'Zurück',
    offline: 'Es gibt keine Verbindung. Was begonnen wurde, geht weiter, sobald sie wieder da ist.',
    online: 'Die Verbindung ist wieder da.',
    unreachable: 'Darkroom antwortet nicht. Es wird weiter versucht.',
    notFound: 'Hier ist nichts.',
    operatorsOnly: 'Das ist für Betreiber. Diesem Token fehlt die Angabe role: „operator“.',
    failed: (why) => `Das ging nicht: ${why}`,
  },
  signIn: {
    title: 'Anmelden',
    how: 'Diese Seite öffnet ein Link, den `npm start` oder `darkroom console` ausgibt. Er gilt einmal, fünf Minuten lang. Oder mit einem Token:',
    token: 'Token',
    enter: 'Anmelden',
    problems: {
      code_spent:
        'Dieser Link wurde schon benutzt oder ist älter als fünf Minuten. `darkroom console` gibt einen neuen aus.',
      token_refused:
        'Dieses Token wurde abgelehnt. `darkroom token OWNER` macht eines; eine App macht ihre eigenen.',
      unreachable: 'Darkroom antwortet nicht. Läuft es?',
    },
  },
  develop: { title: 'Entwickeln' },
  photo: { title: 'Foto', gone: 'Dieses Foto gibt es nicht mehr.' },
  looks: { title: 'Looks' },
  feed: { title: 'Feed' },
  runs: { title: 'Läufe' },
  operator: { title: 'Betrieb' },
}
