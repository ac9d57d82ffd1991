"""The SDK of OpenTelemetry for Python, with an exporter that tells what the real one was told."""

import logging

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource


class Telling(LogRecordExporter):
    """Hands records on to an exporter, and the ids of those that it has exported to the harness."""

    def __init__(self, run, exporter):
        self.run, self.exporter = run, exporter

    def export(self, batch):
        result = self.exporter.export(batch)
        if result is LogRecordExportResult.SUCCESS:
            self.run.delivered(record.log_record.body for record in batch)
        return result

    def shutdown(self):
        self.exporter.shutdown()

    def force_flush(self, timeout_millis=30000):
        return True


def send(run, exporter):
    """Logs every id by the logging module, batched and exported as the SDK does it."""
    provider = LoggerProvider(resource=Resource.create({"service.name": "compat"}))
    # Room for all: what doesn't fit is dropped, which would show nothing about the way to Kafka.
    provider.add_log_record_processor(
        BatchLogRecordProcessor(
            Telling(run, exporter), max_queue_size=run.count + 1, schedule_delay_millis=200, max_export_batch_size=100
        )
    )
    logger = logging.getLogger("compat")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for one in run.ids():
        logger.info(one)
    provider.force_flush(120_000)
    provider.shutdown()
