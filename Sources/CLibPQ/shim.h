#pragma once
#include <libpq-fe.h>

// A character constant, which Swift does not import.
static inline const char *reseal_sqlstate(const PGresult *result) {
    return result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
}

// Notices go nowhere: libpq would write them to standard error.
static void reseal_drop_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}
static inline void reseal_silence(PGconn *connection) { PQsetNoticeReceiver(connection, reseal_drop_notice, NULL); }
