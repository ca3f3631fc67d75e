// What a certificate says of its holder.
#pragma once
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// NULL for anything but exactly one certificate.
static inline X509 *reseal_der_certificate(const unsigned char *der, size_t n) {
    const unsigned char *end = der;
    X509 *x = d2i_X509(NULL, &end, (long)n);
    if (x != NULL && end == der + n) return x;
    X509_free(x);
    return NULL;
}

static inline int reseal_is_valid_at(X509 *x, time_t now) {
    return X509_cmp_time(X509_get0_notBefore(x), &now) < 0 && X509_cmp_time(X509_get0_notAfter(x), &now) > 0;
}

// Without the extension, a certificate is for everything.
static inline int reseal_is_for_clients(X509 *x) {
    if ((X509_get_extension_flags(x) & EXFLAG_INVALID) != 0) return 0;
    return (X509_get_extended_key_usage(x) & XKU_SSL_CLIENT) != 0;
}

// The only common name in UTF-8, for OPENSSL_free; its length, or -1 where there is none or more than one.
static inline int reseal_common_name(X509 *x, unsigned char **out) {
    X509_NAME *subject = X509_get_subject_name(x);
    int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (place < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, place) >= 0) return -1;
    return ASN1_STRING_to_UTF8(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
}

static inline void reseal_free_text(unsigned char *text) { OPENSSL_free(text); }

static inline GENERAL_NAMES *reseal_alternatives(X509 *x) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
}

static inline int reseal_alternative_count(GENERAL_NAMES *names) {
    return names != NULL ? sk_GENERAL_NAME_num(names) : 0;
}

// The text of a DNS name, a mail address or a URI; NULL for names of other kinds.
static inline const unsigned char *reseal_alternative(GENERAL_NAMES *names, int i, int *n) {
    GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS && name->type != GEN_EMAIL && name->type != GEN_URI) return NULL;
    *n = ASN1_STRING_length(name->d.ia5);
    return ASN1_STRING_get0_data(name->d.ia5);
}
