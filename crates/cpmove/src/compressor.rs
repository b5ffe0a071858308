//! The pool of threads that compresses.

use std::io;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// A pool of threads that deflates blocks of archives. Cheap to clone; several archives may be
/// written with one at the same time.
///
/// The number of threads has no influence on the bytes.
#[derive(Clone, Debug)]
pub struct Compressor {
    pool: Arc<ThreadPool>,
}

impl Compressor {
    /// Starts a pool of `threads` threads, at least one.
    ///
    /// # Errors
    /// Where the system refuses to start a thread.
    pub fn new(threads: usize) -> io::Result<Compressor> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|index| format!("deflate-{index}"))
            // Without a handler, a panic in a job would abort the process. The job's result never
            // arrives then, which is what its archive's writer reports.
            .panic_handler(|_| {})
            .build()
            .map_err(io::Error::other)?;
        Ok(Compressor { pool: Arc::new(pool) })
    }

    /// How many threads compress.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs a job on the pool, some time.
    pub(crate) fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.pool.spawn(job);
    }
}
