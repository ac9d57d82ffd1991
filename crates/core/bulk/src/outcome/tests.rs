use super::*;

#[test]
fn the_classes() {
    for (status, error_type, class) in [
        (200, "", Class::Indexed),
        (201, "", Class::Indexed),
        (201, "mapper_parsing_exception", Class::Refused),
        (409, "version_conflict_engine_exception", Class::Duplicate),
        (409, "document_already_exists_exception", Class::Duplicate),
        (409, "", Class::Duplicate),
        (409, "something_else_exception", Class::Refused),
        (429, "es_rejected_execution_exception", Class::Retry),
        (429, "", Class::Retry),
        (429, "cluster_block_exception", Class::Retry),
        (403, "cluster_block_exception", Class::Retry),
        (403, "security_exception", Class::Retry),
        (401, "security_exception", Class::Retry),
        (400, "index_closed_exception", Class::Retry),
        (400, "resource_already_exists_exception", Class::Retry),
        (500, "translog_exception", Class::Retry),
        (503, "unavailable_shards_exception", Class::Retry),
        (400, "document_parsing_exception", Class::Refused),
        (400, "mapper_parsing_exception", Class::Refused),
        (400, "strict_dynamic_mapping_exception", Class::Refused),
        (400, "invalid_index_name_exception", Class::Refused),
        (404, "index_not_found_exception", Class::Refused),
        (413, "", Class::Refused),
        (418, "never_heard_of_exception", Class::Refused),
        (0, "", Class::Refused),
        (302, "", Class::Refused),
        (999, "", Class::Refused),
    ] {
        assert_eq!(classify(status, error_type, ""), class, "{status} {error_type}");
    }
}

#[test]
fn only_the_limit_of_shards_passes_among_failed_validations() {
    let full = "this action would add [2] shards, but this cluster currently has [999]/[1000] maximum normal shards open";
    assert_eq!(classify(400, "validation_exception", full), Class::Retry);
    assert_eq!(classify(400, "validation_exception", "the maximum length is 3"), Class::Refused);
    assert_eq!(classify(400, "mapper_parsing_exception", full), Class::Refused);
}

#[test]
fn only_what_is_stored_is_done() {
    let error = Box::new(ItemError::default());
    for (outcome, done) in [
        (ItemOutcome::Indexed, true),
        (ItemOutcome::FailureStored, true),
        (ItemOutcome::Duplicate, true),
        (ItemOutcome::Retry(error.clone()), false),
        (ItemOutcome::Refused(error), false),
    ] {
        assert_eq!(outcome.is_done(), done, "{outcome:?}");
        assert_eq!(outcome.error().is_none(), done, "{outcome:?}");
    }
}
