//! Opens the SQLite storage and brings it into the state that clients expect.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use tansu_sans_io::ErrorCode;
use tansu_sans_io::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use tansu_storage::{
    BrokerRegistrationRequest, Error, GroupDetail, GroupState, Storage as _, StorageContainer, UpdateError,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;
use uuid::Uuid;

use super::{CLUSTER, NODE};
use crate::{BrokerError, TopicSpec};

/// An open storage; it closes when this is dropped.
pub(crate) struct Opened {
    /// The storage; clones share it.
    pub(crate) storage: StorageContainer,
    _close: DropGuard,
    /// Keeps the folder's descriptor alive where the database is named through it.
    _folder: Option<File>,
}

/// Opens the storage at `database`, creates what topics are missing, and forgets the members of the last run.
pub(crate) async fn open(
    database: &str,
    address: SocketAddr,
    topics: &[TopicSpec],
) -> Result<Opened, BrokerError> {
    let cancellation = CancellationToken::new();
    let (url, folder) = database_url(database)?;
    let storage = StorageContainer::builder()
        .cluster_id(CLUSTER)
        .node_id(NODE)
        .advertised_listener(parse_url(&format!("tcp://{address}"))?)
        .storage(url)
        .cancellation(cancellation.clone())
        .silent(true)
        .build()
        .await
        .map_err(failed)?;
    let opened = Opened { storage, _close: cancellation.drop_guard(), _folder: folder };
    opened.register().await?;
    for topic in topics {
        opened.ensure_topic(topic).await?;
    }
    opened.forget_members().await?;
    Ok(opened)
}

// === impl Opened ===

impl Opened {
    async fn register(&self) -> Result<(), BrokerError> {
        let registration = BrokerRegistrationRequest {
            broker_id: NODE,
            cluster_id: CLUSTER.to_owned(),
            incarnation_id: Uuid::now_v7(),
            rack: None,
        };
        self.storage.register_broker(registration).await.map_err(failed)
    }

    async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), BrokerError> {
        let configs = topic.retention.map(|retention| {
            vec![
                config("cleanup.policy", "delete".to_owned()),
                config("retention.ms", retention.as_millis().to_string()),
            ]
        });
        let request = CreatableTopic::default()
            .name(topic.name.clone())
            .num_partitions(topic.partitions.max(1))
            .replication_factor(1)
            .assignments(Some(Vec::new()))
            .configs(Some(configs.unwrap_or_default()));
        match self.storage.create_topic(request, false).await {
            Ok(_) | Err(Error::Api(ErrorCode::TopicAlreadyExists)) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Empties every consumer group of members (committed offsets stay): those of the last run are gone for sure,
    /// and a group waits a session timeout for a member that doesn't answer.
    async fn forget_members(&self) -> Result<(), BrokerError> {
        for group in self.storage.list_groups(None).await.map_err(failed)? {
            // The default state names a protocol, which would refuse every member.
            let state = GroupState::Forming { protocol_type: None, protocol_name: None, leader: None };
            let empty = || GroupDetail { state: state.clone(), ..GroupDetail::default() };
            let Err(UpdateError::Outdated { version, .. }) =
                self.storage.update_group(&group.group_id, empty(), None).await
            else {
                continue;
            };
            if self.storage.update_group(&group.group_id, empty(), Some(version)).await.is_err() {
                return Err(BrokerError::Storage(format!("group {} can't be reset", group.group_id)));
            }
        }
        Ok(())
    }
}

fn config(name: &str, value: String) -> CreatableTopicConfig {
    CreatableTopicConfig::default().name(name.to_owned()).value(Some(value))
}

/// The storage takes a URL and never decodes its path. A path that would be escaped is therefore named through the
/// folder's descriptor, which must stay open as long as the storage.
fn database_url(database: &str) -> Result<(Url, Option<File>), BrokerError> {
    let url = parse_url(&format!("sqlite:///{database}"))?;
    if url.path().strip_prefix('/') == Some(database) {
        return Ok((url, None));
    }
    let path = Path::new(database);
    let (folder, name) = path.parent().zip(path.file_name()).unwrap_or((path, path.as_os_str()));
    let file =
        File::open(folder).map_err(|source| BrokerError::DataDir { path: folder.to_path_buf(), source })?;
    let descriptor = {
        use std::os::fd::AsRawFd as _;
        file.as_raw_fd()
    };
    let url = parse_url(&format!("sqlite:////proc/self/fd/{descriptor}/{}", name.to_string_lossy()))?;
    Ok((url, Some(file)))
}

fn parse_url(text: &str) -> Result<Url, BrokerError> {
    Url::parse(text).map_err(|error| BrokerError::Storage(format!("{text}: {error}")))
}

fn failed(error: Error) -> BrokerError {
    BrokerError::Storage(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_named_as_it_is() {
        let (url, folder) = database_url("/tmp/x/broker.sqlite").unwrap();
        assert_eq!(url.path(), "//tmp/x/broker.sqlite");
        assert!(folder.is_none());
    }

    #[test]
    fn a_path_that_a_url_would_escape_goes_through_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("döner 100%");
        std::fs::create_dir(&odd).unwrap();
        let (url, folder) = database_url(odd.join("broker.sqlite").to_str().unwrap()).unwrap();
        assert!(url.path().starts_with("//proc/self/fd/"), "{url}");
        assert!(folder.is_some());
    }
}
