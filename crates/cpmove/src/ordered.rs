//! Jobs that run on many threads and give their results in the order in which they were given.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::Compressor;

/// A queue of jobs in flight, at most two for each thread, so that memory stays bounded however
/// fast they are given.
pub(crate) struct Ordered<T> {
    compressor: Compressor,
    in_flight: VecDeque<Receiver<io::Result<T>>>,
    limit: usize,
}

impl<T: Send + 'static> Ordered<T> {
    pub(crate) fn new(compressor: Compressor) -> Ordered<T> {
        let limit = compressor.threads() * 2;
        Ordered { compressor, in_flight: VecDeque::with_capacity(limit), limit }
    }

    /// Gives a job away. If as many are in flight as may be, waits for the oldest first and
    /// returns its result.
    pub(crate) fn push(
        &mut self,
        job: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<Option<T>> {
        let oldest = if self.in_flight.len() >= self.limit { self.pop()? } else { None };
        let (sender, receiver) = sync_channel(1);
        self.compressor.spawn(move || {
            // Nobody listens if the writer was dropped after an error: the result is not wanted.
            let _unwanted = sender.send(job());
        });
        self.in_flight.push_back(receiver);
        Ok(oldest)
    }

    /// The result of the oldest job, or `None` if there is none.
    pub(crate) fn pop(&mut self) -> io::Result<Option<T>> {
        let Some(receiver) = self.in_flight.pop_front() else { return Ok(None) };
        // The sender is gone without a word only if the job panicked.
        let result = receiver.recv().map_err(|_| io::Error::other("a worker thread panicked"))?;
        result.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_bounded() {
        let mut queue = Ordered::new(Compressor::new(4).unwrap());
        let mut results = Vec::new();
        for number in 0..100_u64 {
            results.extend(
                queue
                    .push(move || {
                        std::thread::sleep(std::time::Duration::from_micros(number * 37 % 400));
                        Ok(number)
                    })
                    .unwrap(),
            );
            assert!(queue.in_flight.len() <= 8);
        }
        while let Some(result) = queue.pop().unwrap() {
            results.push(result);
        }
        assert_eq!(results, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_an_error_and_the_pool_lives_on() {
        let compressor = Compressor::new(1).unwrap();
        let mut queue = Ordered::<()>::new(compressor.clone());
        assert!(queue.push(|| panic!("on purpose")).unwrap().is_none());
        assert_eq!(queue.pop().unwrap_err().to_string(), "a worker thread panicked");
        let mut queue = Ordered::new(compressor);
        assert!(queue.push(|| Ok(7)).unwrap().is_none());
        assert_eq!(queue.pop().unwrap(), Some(7));
    }

    #[test]
    fn an_error_of_a_job_comes_out() {
        let mut queue = Ordered::<()>::new(Compressor::new(1).unwrap());
        assert!(queue.push(|| Err(io::Error::other("full"))).unwrap().is_none());
        assert_eq!(queue.pop().unwrap_err().to_string(), "full");
    }
}
