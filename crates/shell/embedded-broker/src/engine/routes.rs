//! Which service answers which kind of request.
//!
//! All are the broker library's own except fetch and produce, which are ours. Deleting topics and SASL are left out:
//! the first would make the catalogue lie, and there is nobody to authenticate on loopback.

use std::sync::Arc;

use rama::layer::MapErrLayer;
use rama::{Layer as _, Service as _};
use tansu_broker::Error;
use tansu_broker::coordinator::group::administrator::Controller;
use tansu_broker::service::{coordinator, storage as stock};
use tansu_sans_io::{ApiKey as _, FetchRequest, ProduceRequest};
use tansu_service::{
    BytesFrameLayer, BytesFrameService, FrameRequestLayer, FrameRouteBuilder, FrameRouteService,
    TcpBytesLayer, TcpBytesService, TcpContext, TcpContextLayer, TcpContextService,
};
use tansu_storage::StorageContainer;

use super::CLUSTER;
use super::arrivals::Arrivals;
use super::catalog::Catalog;
use super::fetch::WaitingFetch;
use super::produce::AnnouncedProduce;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) storage: StorageContainer,
    pub(crate) groups: Controller<StorageContainer>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) arrivals: Arc<Arrivals>,
}

/// The service of one connection: frames in, frames out.
pub(crate) type Connection =
    TcpContextService<TcpBytesService<BytesFrameService<FrameRouteService<(), Error>>, ()>>;

type Builder = FrameRouteBuilder<(), Error>;
type Route = fn(Builder, StorageContainer) -> Result<Builder, Error>;

const STOCK: [Route; 21] = [
    stock::add_offsets_to_txn,
    stock::add_partitions_to_txn,
    stock::consumer_group_describe,
    stock::create_acls,
    stock::create_topics,
    stock::delete_groups,
    stock::delete_records,
    stock::describe_acls,
    stock::describe_cluster,
    stock::describe_configs,
    stock::describe_groups,
    stock::describe_topic_partitions,
    stock::find_coordinator,
    stock::get_telemetry_subscriptions,
    stock::incremental_alter_configs,
    stock::init_producer_id,
    stock::list_groups,
    stock::list_offsets,
    stock::list_partition_reassignments,
    stock::metadata,
    stock::txn_offset_commit_request,
];

/// The service for a new connection.
///
/// # Errors
/// When two routes claim the same kind of request, which is a mistake in this file.
pub(crate) fn connection(shared: &Shared) -> Result<Connection, Error> {
    let builder = STOCK.iter().try_fold(FrameRouteService::<(), Error>::builder(), |builder, route| {
        route(builder, shared.storage.clone())
    })?;
    let fetch = WaitingFetch {
        storage: shared.storage.clone(),
        catalog: Arc::clone(&shared.catalog),
        arrivals: Arc::clone(&shared.arrivals),
    };
    let produce =
        AnnouncedProduce { storage: shared.storage.clone(), arrivals: Arc::clone(&shared.arrivals) };
    let builder = builder
        .with_route(
            FetchRequest::KEY,
            (MapErrLayer::new(Error::from), FrameRequestLayer::<FetchRequest>::new())
                .into_layer(fetch)
                .boxed(),
        )?
        .with_route(
            ProduceRequest::KEY,
            (MapErrLayer::new(Error::from), FrameRequestLayer::<ProduceRequest>::new())
                .into_layer(produce)
                .boxed(),
        )?;
    let routes = coordinator::services(builder, shared.groups.clone())?.build()?;
    let context = TcpContext::default().cluster_id(Some(CLUSTER.to_owned()));
    Ok((TcpContextLayer::new(context), TcpBytesLayer::default(), BytesFrameLayer::default())
        .into_layer(routes))
}
