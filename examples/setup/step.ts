export interface Step<Result> {
  /** What it does; printed before it runs. */
  readonly title: string
  work(): Promise<Result>
  /** The outcome; printed afterwards, with the time it took. */
  outcome(result: Result): string
}

/** Runs a step of a program; its title is in the error if it fails. */
export async function runStep<Result>({ title, work, outcome }: Step<Result>): Promise<Result> {
  console.log(title)
  const start = performance.now()
  try {
    const result = await work()
    console.log(`  ${outcome(result)} (${((performance.now() - start) / 1_000).toFixed(1)} s)`)
    return result
  } catch (error) {
    throw new Error(`${title}: ${reasonOf(error)}`, { cause: error })
  }
}

/** If several addresses were tried, the error contains the reasons. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
