import { signal } from '@preact/signals'

/** Whether the machine has a network; whether Darkroom answers is told by what is asked of it. */
export const isOnline = signal(navigator.onLine)

for (const type of ['online', 'offline'])
  addEventListener(type, () => {
    isOnline.value = navigator.onLine
  })
