import { Problem, type Run } from 'darkroom-client'

/** The run as it is after what was asked of it; null, and told, when somebody else has steered it meanwhile. */
export async function unlessChanged(asking: Promise<Run>, onChanged: () => void): Promise<Run | null> {
  try {
    return await asking
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'run_changed')) throw error
    onChanged()
    return null
  }
}
