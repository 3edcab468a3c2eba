import { findServerProgram } from '../../src/testing/server/server-program.ts'
import { startThrowawayServer, type ThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { systemUnderTest } from './server.ts'

/** A server with options of its own: of the system under test where the machine has its program, else of the other. */
export async function startPrivateServer(...args: readonly string[]): Promise<ThrowawayServer> {
  const system = await systemUnderTest()
  const program = await findServerProgram({ system })
  return await startThrowawayServer({ ...(program && { system }), args })
}
