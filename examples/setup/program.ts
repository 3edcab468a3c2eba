/** Runs a program to its end: exit code 0, or one line that says what failed, and 1. */
export async function runProgram(name: string, main: () => Promise<void>): Promise<never> {
  try {
    await main()
    process.exit(0)
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}
