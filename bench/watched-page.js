// Runs in a page from its beginning on: what readers would feel, as `watched`.

globalThis.watched = { longestTask: 0, shift: 0, nodes: 0, usableAt: 0, frames: 0 }

const takeTasks = (entries) => {
  for (const { duration } of entries) watched.longestTask = Math.max(watched.longestTask, duration)
}
const tasks = new PerformanceObserver((list) => takeTasks(list.getEntries()))
tasks.observe({ type: 'longtask', buffered: true })

/** What the bench does in the page by itself, until `watchTasks`, is no task of the page's. */
globalThis.unwatchTasks = () => {
  takeTasks(tasks.takeRecords())
  tasks.disconnect()
}
globalThis.watchTasks = () => tasks.observe({ type: 'longtask' })

new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) watched.shift += value
}).observe({ type: 'layout-shift', buffered: true })

const everyFrame = () => {
  watched.frames++
  watched.nodes = Math.max(watched.nodes, document.getElementsByTagName('*').length)
  if (watched.usableAt === 0 && document.querySelector('[data-photo] img.is-decoded'))
    watched.usableAt = performance.now()
  requestAnimationFrame(everyFrame)
}
everyFrame()
