//! The produce service: the original, and a bell for the fetches that wait.

use std::sync::Arc;

use rama::{Context, Service};
use tansu_broker::Error;
use tansu_sans_io::{ProduceRequest, ProduceResponse};
use tansu_storage::{ProduceService, StorageContainer};

use super::arrivals::Arrivals;

/// Writes, then announces.
#[derive(Clone, Debug)]
pub(crate) struct AnnouncedProduce {
    pub(crate) storage: StorageContainer,
    pub(crate) arrivals: Arc<Arrivals>,
}

impl Service<(), ProduceRequest> for AnnouncedProduce {
    type Response = ProduceResponse;
    type Error = Error;

    async fn serve(&self, context: Context<()>, request: ProduceRequest) -> Result<ProduceResponse, Error> {
        let (context, ()) = context.swap_state(self.storage.clone());
        let response = ProduceService.serve(context, request).await?;
        let topics = response.responses.iter().flatten().map(|topic| topic.name.as_str());
        self.arrivals.announce(topics);
        Ok(response)
    }
}
