/** Where the API is, with its path, if it has one: this page is its `/console`. */
export const API = new URL('.', location.href.replace(/\/console\/(?=[?#]|$)/, '/console')).href
