import { startLookups } from './lookups.ts'
import { startTheme } from './theme.ts'

startTheme()
startLookups()
