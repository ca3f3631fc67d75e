// Checking signatures that others made.
#pragma once
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

// A public key on a curve, from its uncompressed point. NULL for a point that is not on it.
static inline EVP_PKEY *reseal_ec_public_key(const char *curve, const unsigned char *point, size_t n) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, n), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (c == NULL || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    return key;
}

// 1 for a valid signature. `hash` is NULL for Ed25519, which has its own inside. RSASSA-PSS has a salt as long as the
// hash (RFC 7518, section 3.5).
static inline int reseal_verify(EVP_PKEY *key, const char *hash, int is_pss, const unsigned char *signature,
                                size_t signature_n, const unsigned char *message, size_t n) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *p = NULL;
    int ok = c != NULL && EVP_DigestVerifyInit_ex(c, &p, hash, NULL, NULL, key, NULL) == 1;
    if (ok && is_pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestVerify(c, signature, signature_n, message, n) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

// As above for ECDSA, whose signature is two numbers of `half` bytes, one behind the other.
static inline int reseal_verify_ecdsa(EVP_PKEY *key, const char *hash, const unsigned char *numbers, int half,
                                      const unsigned char *message, size_t n) {
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(numbers, half, NULL), *s = BN_bin2bn(numbers + half, half, NULL);
    unsigned char *der = NULL;
    int der_n = 0;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;  // They belong to the pair now.
        der_n = i2d_ECDSA_SIG(pair, &der);
    }
    int ok = der_n > 0 && reseal_verify(key, hash, 0, der, (size_t)der_n, message, n);
    OPENSSL_free(der);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return ok;
}
