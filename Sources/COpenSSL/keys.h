// Fresh key pairs, their text forms, and certificates.
#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

// "RSA" takes a number of bits, "EC" the name of a curve, "ED25519" neither.
static inline EVP_PKEY *reseal_generate_key(const char *type, unsigned int bits, const char *curve) {
    if (bits > 0) return EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)bits);
    if (curve != NULL) return EVP_PKEY_Q_keygen(NULL, NULL, type, (char *)curve);
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

// PKCS #8 in PEM, in the secure heap.
static inline BIO *reseal_private_pem(EVP_PKEY *key) {
    BIO *b = BIO_new(BIO_s_secmem());
    if (b != NULL && PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1) return b;
    BIO_free(b);
    return NULL;
}

static inline BIO *reseal_public_pem(EVP_PKEY *key) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b != NULL && PEM_write_bio_PUBKEY(b, key) == 1) return b;
    BIO_free(b);
    return NULL;
}

static inline BIO *reseal_request_pem(X509_REQ *request) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b != NULL && PEM_write_bio_X509_REQ(b, request) == 1) return b;
    BIO_free(b);
    return NULL;
}

static inline BIO *reseal_certificate_pem(X509 *certificate) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b != NULL && PEM_write_bio_X509(b, certificate) == 1) return b;
    BIO_free(b);
    return NULL;
}

// What a memory BIO holds; valid as long as the BIO.
static inline long reseal_bio_content(BIO *b, char **content) { return BIO_get_mem_data(b, content); }

// The first certificate of a PEM text.
static inline X509 *reseal_read_certificate(const void *pem, size_t n) {
    BIO *b = BIO_new_mem_buf(pem, (int)n);
    X509 *certificate = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    return certificate;
}

static inline int reseal_add_extension(X509 *certificate, X509V3_CTX *c, int nid, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, c, nid, value);
    int ok = e != NULL && X509_add_ext(certificate, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

// Ed25519 has its hash inside.
static inline const EVP_MD *reseal_signature_hash(EVP_PKEY *key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

static inline int reseal_set_common_name(X509_NAME *subject, const char *name) {
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

// A certification request (RFC 2986) for `key`, signed by it. `names` is OpenSSL's text form of alternative names, or
// NULL.
static inline X509_REQ *reseal_make_request(EVP_PKEY *key, const char *common_name, const char *names) {
    X509_REQ *r = X509_REQ_new();
    int ok = r && X509_REQ_set_version(r, 0) == 1 && reseal_set_common_name(X509_REQ_get_subject_name(r), common_name) &&
             X509_REQ_set_pubkey(r, key) == 1;
    if (ok && names != NULL) {
        X509V3_CTX c;
        X509V3_set_ctx(&c, NULL, NULL, r, NULL, 0);
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, NID_subject_alt_name, names);
        STACK_OF(X509_EXTENSION) *all = NULL;
        ok = e != NULL && X509v3_add_ext(&all, e, -1) != NULL && X509_REQ_add_extensions(r, all) == 1;
        sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
        X509_EXTENSION_free(e);
    }
    if (ok && X509_REQ_sign(r, key, reseal_signature_hash(key)) > 0) return r;
    X509_REQ_free(r);
    return NULL;
}

// An end-entity certificate (RFC 5280) for the public half of `key`, signed by `issuer_key`; without an issuer it signs
// itself, and does not say what its key is for: BoringSSL takes a certificate that may sign no certificate for none that
// signed itself, and so refuses it even to those who trust exactly it. `names` is OpenSSL's text form of alternative
// names, or NULL.
static inline X509 *reseal_make_certificate(EVP_PKEY *key, const char *common_name, const char *names, time_t from,
                                            time_t to, X509 *issuer, EVP_PKEY *issuer_key) {
    X509 *x = X509_new();
    X509V3_CTX c;
    unsigned char serial[16];
    int is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    int ok = x && X509_set_version(x, 2) == 1 && RAND_bytes(serial, sizeof serial) == 1;
    serial[0] = (serial[0] & 0x7f) | 0x40;  // Positive and of full length.
    BIGNUM *number = ok ? BN_bin2bn(serial, sizeof serial, NULL) : NULL;
    ok = ok && number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
    BN_free(number);
    ok = ok && ASN1_TIME_set(X509_getm_notBefore(x), from) && ASN1_TIME_set(X509_getm_notAfter(x), to) &&
         reseal_set_common_name(X509_get_subject_name(x), common_name) &&
         X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x)) == 1 &&
         X509_set_pubkey(x, key) == 1;
    if (ok) X509V3_set_ctx(&c, issuer != NULL ? issuer : x, x, NULL, NULL, 0);
    ok = ok && reseal_add_extension(x, &c, NID_basic_constraints, "critical,CA:FALSE") &&
         (issuer == NULL ||
          reseal_add_extension(x, &c, NID_key_usage,
                               is_rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature")) &&
         reseal_add_extension(x, &c, NID_ext_key_usage, "serverAuth,clientAuth") &&
         reseal_add_extension(x, &c, NID_subject_key_identifier, "hash") &&
         reseal_add_extension(x, &c, NID_authority_key_identifier, "keyid:always") &&
         (names == NULL || reseal_add_extension(x, &c, NID_subject_alt_name, names));
    ok = ok && X509_sign(x, issuer_key, reseal_signature_hash(issuer_key)) > 0;
    if (ok) return x;
    X509_free(x);
    return NULL;
}
