"""Records by boto3's Firehose client: the token is the id of its access key. It tries what fails as a whole again by itself; records
that fail alone are ours to send again."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from compat import Run, say

run = Run()
firehose = boto3.client(
    "firehose",
    endpoint_url=f"http://{run.address}",
    region_name="eu-west-1",
    aws_access_key_id=run.token or "none",
    aws_secret_access_key="unused",
    config=Config(retries={"mode": "standard", "total_max_attempts": 40}),
)
single = True
for batch in run.batches(50):
    records = [{"Data": f"{one} by boto3\n".encode()} for one in batch]
    try:
        # Both calls have their turn.
        if single:
            firehose.put_record(DeliveryStreamName="compat", Record=records[0])
            run.delivered(batch[:1])
            records, batch = records[1:], batch[1:]
        single = not single
        results = records and firehose.put_record_batch(DeliveryStreamName="compat", Records=records)
    except (BotoCoreError, ClientError) as error:
        say(f"given up: {error}")
        continue
    if results:
        run.delivered(one for one, result in zip(batch, results["RequestResponses"]) if "RecordId" in result)
