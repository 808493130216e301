#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

// What libssl has as macros, which Swift does not see.

static inline int clibssl_set_oldest_version(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

/// Elliptic curves alone. A client names the group, and libssl offers finite fields by itself: its part of one handshake in the
/// largest of them takes 150 times as long as on a curve, before anybody has shown who he is.
static inline int clibssl_set_groups(SSL_CTX *context) {
    return SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
}

/// No tickets and no sessions that can be resumed: TLS 1.3 sends tickets by itself, and AICCU breaks on them.
static inline void clibssl_forbid_resumption(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

/// The name that the server is asked for (SNI).
static inline int clibssl_ask_for(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

/// Buffers of idle connections are given back.
static inline void clibssl_release_buffers(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline int clibssl_no_passphrase(char *buffer, int size, int isWriting, void *user) {
    (void)buffer, (void)size, (void)isWriting, (void)user;
    return 0;
}

/// A key with a passphrase is refused: nobody is there to type one.
static inline void clibssl_ask_no_passphrase(SSL_CTX *context) {
    SSL_CTX_set_default_passwd_cb(context, clibssl_no_passphrase);
}
