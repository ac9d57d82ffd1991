//! Work that takes milliseconds, without making others wait for it.
//!
//! It is done by threads of its own, so that however many send what takes long, no more of it is under way at once: as much of one tenant as there
//! are cores, and twice as much of all. These threads give way to those that serve connections where both want the same core. Whoever waits for his
//! turn holds no thread, and who is gone meanwhile has none.

mod turns;

use std::sync::LazyLock;
use std::thread::available_parallelism;

use forebay_record::Tenant;

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use rustix::process::{getpriority_process, setpriority_process};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::{block_in_place, spawn_blocking};

use self::turns::Turns;

/// How many bytes may be decoded where a connection is served that may be compressed, and so a thousand times as large as they look.
pub(crate) const INLINE_PACKED: usize = 16 * 1024;

/// How much these threads give way (setpriority(2)): as niceness goes, a third of the others' share of a core that is wanted by all.
const NICENESS: i32 = 5;

/// The most that there is.
const NICEST: i32 = 19;

/// None where the system gives no threads: then the work is done where it comes up.
static THREADS: LazyLock<Option<Threads>> = LazyLock::new(|| {
    Threads::new().inspect_err(|error| tracing::warn!(%error, "no threads for work that takes long")).ok()
});

struct Threads {
    pool: ThreadPool,
    /// As many as there are threads, so that nothing waits in the pool, where it could not be given up.
    turns: Turns,
}

impl Threads {
    fn new() -> Result<Self, rayon_core::ThreadPoolBuildError> {
        let all = 2 * available_parallelism().map_or(1, usize::from);
        let builder =
            ThreadPoolBuilder::new().num_threads(all).thread_name(|number| format!("aside-{number}"));
        let builder = builder.start_handler(|_| {
            // By Linux the calling thread's alone. Where it isn't allowed, they just don't give way.
            let niceness = getpriority_process(None).unwrap_or_default().saturating_add(NICENESS);
            let _allowed = setpriority_process(None, niceness.min(NICEST));
        });
        // Whoever waits for what panicked hears that it won't come.
        let pool = builder.panic_handler(|_| tracing::error!("work that takes long has panicked")).build()?;
        let turns = Turns::new(pool.current_num_threads());
        Ok(Self { pool, turns })
    }
}

/// Has done what may take long, for a tenant; `None` if it broke off.
pub(crate) async fn elsewhere<T: Send + 'static>(
    tenant: &Tenant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let Some(threads) = THREADS.as_ref() else { return spawn_blocking(work).await.ok() };
    let turn = threads.turns.of(tenant).await?;
    let (done, result) = oneshot::channel();
    threads.pool.spawn(move || {
        let _until_done = turn;
        drop(done.send(work()));
    });
    result.await.ok()
}

/// Does what may take long, while another thread goes on with the connections of this one. Where there is no other thread, as in
/// some tests, all wait.
pub(crate) async fn aside<T: Send>(tenant: &Tenant, work: impl FnOnce() -> T + Send) -> T {
    match (Handle::current().runtime_flavor(), THREADS.as_ref()) {
        (RuntimeFlavor::CurrentThread, _) => work(),
        (_, Some(threads)) => {
            let _until_done = threads.turns.of(tenant).await;
            block_in_place(|| threads.pool.install(work))
        }
        (_, None) => block_in_place(work),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use forebay_testkit::eventually;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// How many a tenant has.
    fn threads() -> usize {
        THREADS.as_ref().expect("the system gives threads").turns.each()
    }

    /// Does it for a tenant that no other test has.
    async fn done<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        elsewhere(&Tenant::new(name).unwrap(), work).await
    }

    /// Scenario: a tenant wants more heavy work done than it has threads; one of those who wait is gone before his turn; another tenant comes.
    /// Guarantees: no more is under way at once than the tenant has threads; the other's is done meanwhile; the one's work isn't done, all
    /// others' is.
    #[tokio::test]
    async fn who_is_gone_before_his_turn_has_none() {
        let threads = threads();
        let (begun, release) = (Arc::new(AtomicUsize::new(0)), mpsc::sync_channel::<()>(threads + 1));
        let gate = Arc::new(std::sync::Mutex::new(release.1));
        let work = || {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            move || {
                let _before = begun.fetch_add(1, Ordering::SeqCst);
                gate.lock().unwrap().recv().unwrap();
            }
        };
        let first: Vec<_> = (0..threads).map(|_| tokio::spawn(done("crowd", work()))).collect();
        let all_begun = async || begun.load(Ordering::SeqCst) == threads;
        eventually("all threads have work", PATIENCE, all_begun).await.unwrap();

        let (gone, stays) = (tokio::spawn(done("crowd", work())), tokio::spawn(done("crowd", work())));
        tokio::task::yield_now().await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        assert_eq!(begun.load(Ordering::SeqCst), threads, "more is under way than there are threads");
        assert_eq!(done("another", || 1).await, Some(1));

        for _ in 0..=threads {
            release.0.send(()).unwrap();
        }
        for one in first.into_iter().chain([stays]) {
            assert_eq!(one.await.unwrap(), Some(()));
        }
        assert_eq!(begun.load(Ordering::SeqCst), threads + 1);
    }

    /// Scenario: work breaks off, more often than there are threads.
    /// Guarantees: who waits for it hears so, and others have their turns.
    #[tokio::test]
    async fn what_breaks_off_gives_its_turn_back() {
        for _ in 0..=threads() {
            let breaks = || assert!(std::hint::black_box(false), "as told");
            assert_eq!(done("broken", breaks).await, None);
        }
        assert_eq!(done("broken", || 1).await, Some(1));
    }
}
