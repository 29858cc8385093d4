import { describe, expect } from 'vitest'
import { fixture } from '../../test/support/pictures.ts'
import { photoForm, postForm } from '../../test/support/uploads.ts'
import { BROWSERS } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()
const OPERATOR = { owner: 'olga', isOperator: true, at: '#/operator' }

/** So many photos of alice's that nobody can decode. */
async function uploadTorn(count: number): Promise<void> {
  const { service } = running()
  const whole = await fixture('plain.jpg')
  for (let n = 0; n < count; n++) {
    const torn = Buffer.concat([whole.subarray(0, whole.length / 2), Buffer.from(String(Math.random()))])
    await postForm(service, photoForm(torn), {}, 'alice')
  }
}

describe.each(BROWSERS)('in $name', ({ name, test }) => {
  test('an operator sees what failed and why, looks at such a photo, and has exactly these done again', async () => {
    const { service, open } = running()
    const before = (await service.queue.counts()).failed
    await uploadTorn(2)
    await expect.poll(async () => (await service.queue.counts()).failed).toBe(before + 2)
    const count = before + 2
    const page = await open(name, OPERATOR)

    const code = page.getByRole('button', { name: `corrupt_photo ${count}` })
    await code.click()
    await page.locator('.failed-jobs a').first().click()
    await page.getByText('Could not be developed: Damaged or incomplete').waitFor()
    await page.getByText(/originals\/\d+\/\d+\.jpg/).waitFor()
    await page.goBack()
    await code.click()
    await page.getByRole('button', { name: `Do these ${count} again` }).click()
    const dialog = page.getByRole('dialog', {
      name: `Enqueue ${count} jobs again that failed with corrupt_photo?`,
    })
    await dialog.getByRole('button', { name: `Do these ${count} again` }).click()

    await page.getByText(`${count} jobs are enqueued again.`).waitFor({ state: 'attached' })
    await dialog.waitFor({ state: 'detached' })

    await expect.poll(async () => (await service.queue.counts()).failed).toBe(count)
    await page.locator('.failed-jobs a').first().click()
    await page.getByRole('button', { name: 'Do what failed again' }).click()
    await page.getByText('One job is enqueued again.').waitFor({ state: 'attached' })
    await expect.poll(async () => (await service.queue.counts()).failed).toBe(count)
  })

  test('an operator sees how long photos took, drawn and as a table', async () => {
    const { service, open } = running()
    await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
    const page = await open(name, OPERATOR)

    await page.getByRole('img', { name: /half of the photos were ready within/ }).waitFor()
    await page.getByText('As a table').click()
    await page.getByRole('table').nth(1).getByRole('rowheader').first().waitFor()
    await page.getByText('Not counted yet').waitFor()
  })

  test('what can not be told says so, and what was told stays', async () => {
    const page = await running().open(name, OPERATOR)
    await page.getByText('somebody waits', { exact: true }).waitFor()

    await page.route(/\/v1\/jobs$/, async (route) => await route.abort())

    await page.getByText(/What stands here is of/).waitFor()
    expect(await page.getByText('somebody waits', { exact: true }).isVisible()).toBe(true)
  })
})
