import { keepsTheCorrelationContract } from '../../test/correlation-contract.ts'
import { plainState } from '../../test/state.ts'

const shared = plainState()
keepsTheCorrelationContract(async () => shared, { runs: 200 })
