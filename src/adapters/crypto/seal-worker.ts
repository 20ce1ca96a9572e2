import { parentPort } from 'node:worker_threads'
import { serveJobs } from './jobs.ts'
import { SEAL_JOBS } from './seal-jobs.ts'

// The program of a filing company's worker threads. It is bundled by itself, and `workerProgram` of entry/worker-program.ts says where it lies.

if (parentPort === null) throw new Error('this program runs in a worker thread')
serveJobs(parentPort, SEAL_JOBS)
