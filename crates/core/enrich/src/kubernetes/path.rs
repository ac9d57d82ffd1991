//! What the path of a container's log says.
//!
//! `/var/log/containers/<pod>_<namespace>_<container>-<id>.log`, which are links, and what they lead to:
//! `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`
//! (<https://kubernetes.io/docs/concepts/cluster-administration/logging/>). No name in it can have a `_`.

/// The parts of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Log<'a> {
    pub(super) namespace: &'a str,
    pub(super) pod: &'a str,
    pub(super) container: &'a str,
    /// The pod's uid.
    pub(super) uid: Option<&'a str>,
    /// The container's id.
    pub(super) id: Option<&'a str>,
}

/// Takes a path apart, if it is one of these.
pub(super) fn read(path: &str) -> Option<Log<'_>> {
    let log = if let Some((_, rest)) = path.rsplit_once("/containers/") {
        let (pod, rest) = rest.strip_suffix(".log")?.split_once('_')?;
        let (namespace, rest) = rest.split_once('_')?;
        let (container, id) = rest.rsplit_once('-')?;
        let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        Log { namespace, pod, container, uid: None, id: Some(id).filter(|_| is_id) }
    } else {
        let (_, rest) = path.rsplit_once("/pods/")?;
        let (pod, rest) = rest.split_once('/')?;
        let (container, _) = rest.split_once('/')?;
        let mut parts = pod.splitn(3, '_');
        let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
        Log { namespace, pod, container, uid: Some(uid), id: None }
    };
    let names = [log.namespace, log.pod, log.container];
    names.into_iter().all(is_name).then_some(log)
}

/// Names of Kubernetes: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
fn is_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}
