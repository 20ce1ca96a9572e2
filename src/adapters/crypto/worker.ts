import { parentPort } from 'node:worker_threads'
import { serveJobs } from './jobs.ts'
import { SERVER_JOBS } from './server-jobs.ts'

// The program of a server's worker threads. It is bundled by itself, and `workerProgram` of entry/worker-program.ts says where it lies.

if (parentPort === null) throw new Error('this program runs in a worker thread')
serveJobs(parentPort, SERVER_JOBS)
