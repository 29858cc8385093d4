/** Every word of the page. What has a number in it is a function; German stands beside it, of the same shape. */
export const en = {
  common: {
    name: 'Darkroom',
    skip: 'Skip to the content',
    views: 'Views',
    develop: 'Develop',
    feed: 'Feed',
    runs: 'Runs',
    operator: 'Operator',
    signOut: 'Sign out',
    loading: 'Loading…',
    retry: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    back: 'Back',
    offline: 'There is no connection. What you have begun goes on when it is back.',
    online: 'The connection is back.',
    unreachable: 'Darkroom does not answer. It is tried again.',
    notFound: 'There is nothing here.',
    operatorsOnly: 'This is for operators. Your token has not the claim role: "operator".',
    failed: (why: string) => `That did not work: ${why}`,
  },
  signIn: {
    title: 'Sign in',
    how: 'A link that `npm start` or `darkroom console` prints opens this page. It is good once, for five minutes. Or use a token:',
    token: 'Token',
    enter: 'Sign in',
    problems: {
      code_spent:
        'This link was used before, or is older than five minutes. `darkroom console` prints a new one.',
      token_refused: 'This token was refused. `darkroom token OWNER` makes one; your app makes its own.',
      unreachable: 'Darkroom does not answer. Is it running?',
    },
  },
  develop: { title: 'Develop' },
  photo: { title: 'Photo', gone: 'This photo is gone.' },
  looks: { title: 'Looks' },
  feed: { title: 'Feed' },
  runs: { title: 'Runs' },
  operator: { title: 'Operator' },
}

export type Words = typeof en
