// A plugin for age (c2sp.org/age-plugin) whose name says how it behaves: `age-plugin-honest` seals a file key by flipping
// its bits, and the others do what plugins should not. Tests install it under all its names.
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAXIMUM_WORDS 16
#define MAXIMUM_BODY 8192

typedef struct {
    char line[16384];
    char *words[MAXIMUM_WORDS];
    int count;
    unsigned char body[MAXIMUM_BODY];
    int body_count;
} stanza;

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(2);
}

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void encode(const unsigned char *bytes, int n, char *out) {
    unsigned bits = 0;
    int held = 0;
    for (int i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6) *out++ = alphabet[bits >> (held - 6) & 63];
    }
    if (held > 0) *out++ = alphabet[bits << (6 - held) & 63];
    *out = 0;
}

static int decode(const char *text, unsigned char *out) {
    unsigned bits = 0;
    int held = 0, n = 0;
    for (; *text; text++) {
        const char *place = strchr(alphabet, *text);
        if (!place) fail("no base64");
        bits = bits << 6 | (unsigned)(place - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (unsigned char)(bits >> held);
        }
    }
    return n;
}

static void read_line(char *line, int room) {
    if (!fgets(line, room, stdin)) exit(3);
    char *end = strchr(line, '\n');
    if (!end) fail("a line without end");
    *end = 0;
}

static void read_stanza(stanza *s) {
    char letters[2 * MAXIMUM_BODY] = "", line[128];
    read_line(s->line, sizeof s->line);
    if (strncmp(s->line, "-> ", 3) != 0) fail("no stanza");
    s->count = 0;
    for (char *word = strtok(s->line + 3, " "); word && s->count < MAXIMUM_WORDS; word = strtok(NULL, " "))
        s->words[s->count++] = word;
    do {
        read_line(line, sizeof line);
        strcat(letters, line);
    } while (strlen(line) == 64);
    s->body_count = decode(letters, s->body);
}

static void say(const char *words, const void *body, int n) {
    char letters[2 * MAXIMUM_BODY];
    encode(body, n, letters);
    printf("-> %s\n", words);
    size_t count = strlen(letters);
    for (size_t i = 0; i <= count; i += 64) printf("%.64s\n", letters + i);
    fflush(stdout);
}

// Says something and returns the first word of the answer.
static const char *ask(const char *words, const char *body, stanza *answer) {
    say(words, body, (int)strlen(body));
    read_stanza(answer);
    return answer->words[0];
}

static void require(const char *words, const void *body, int n) {
    stanza answer;
    say(words, body, n);
    read_stanza(&answer);
    if (!is(answer.words[0], "ok")) fail("not ok");
}

// What the user answers goes into the words of a stanza, where a test can see it.
static void ask_everything(char *words) {
    stanza a;
    char hex[512];
    if (!is(ask("a-command-of-the-future x", "y", &a), "unsupported")) fail("the unknown is not unsupported");
    sprintf(words, "recipient-stanza 0 asking %s", ask("msg", "touch \x1b[31m the token", &a));
    ask("confirm aGVyZQ c2tpcA", "is it there", &a);
    sprintf(words + strlen(words), " %s%s", a.words[0], a.count > 1 ? a.words[1] : "");
    ask("confirm aGVyZQ", "put it there", &a);
    sprintf(words + strlen(words), " %s%s", a.words[0], a.count > 1 ? a.words[1] : "");
    const char *questions[] = {"request-public", "request-secret"};
    for (int i = 0; i < 2; i++) {
        const char *outcome = ask(questions[i], i ? "PIN" : "name", &a);
        for (int k = 0; k < a.body_count; k++) sprintf(hex + 2 * k, "%02x", a.body[k]);
        hex[2 * a.body_count] = 0;
        sprintf(words + strlen(words), " %s-%s", outcome, hex);
    }
}

// Working folder, open descriptors, and variables that are none of a plugin's business.
static void look_around(char *words) {
    char folder[1024];
    DIR *all = opendir("/proc/self/fd");
    int count = -1;  // The folder itself is open.
    for (struct dirent *one; (one = readdir(all));) count += one->d_name[0] != '.';
    sprintf(words, "recipient-stanza 0 around %s %d %s", getcwd(folder, sizeof folder), count,
            getenv("RESEAL_CANARY") ? "canary" : "nothing");
}

static void seal(const char *name, const unsigned char *key, int n, int knows_labels) {
    char words[4096] = "recipient-stanza 0 honest";
    unsigned char flipped[64];
    for (int i = 0; i < n; i++) flipped[i] = key[i] ^ 0x55;
    if (is(name, "honest") || is(name, "stubborn")) {
        stanza answer;
        if (!is(ask("grease-1", "", &answer), "unsupported")) fail("grease is not unsupported");
    }
    if (is(name, "asking")) ask_everything(words);
    if (is(name, "around")) look_around(words);
    if (is(name, "foreign")) strcpy(words, "recipient-stanza 1 honest");
    if (is(name, "scrypt")) strcpy(words, "recipient-stanza 0 scrypt");
    if (is(name, "quantum") && knows_labels) require("labels postquantum", "", 0);
    if (is(name, "doubling"))
        for (int i = 0; i < 2; i++) require("labels a", "", 0);
    if (is(name, "chatty"))
        for (;;) require("msg", "and another thing", 17);
    if (is(name, "vague")) require("confirm", "?", 1);
    if (!is(name, "empty")) require(words, flipped, n);
}

static void open_file(const char *name, const stanza *s) {
    unsigned char key[64];
    int n = is(name, "longkey") ? 20 : s->body_count;
    for (int i = 0; i < n; i++) key[i] = s->body[i] ^ 0x55;
    require(is(name, "foreign") ? "file-key 1" : "file-key 0", key, n);
    if (is(name, "doubling")) require("file-key 0", key, n);
}

static void misbehave(const char *name) {
    if (is(name, "refusing")) require("error internal", "no \x1b[31mtoken\nis there", 22);
    if (is(name, "dying")) exit(1);
    if (is(name, "babbling")) say("msg", "", 0), printf("what is a stanza?\n\n"), fflush(stdout), pause();
    if (is(name, "silent")) pause();
    if (is(name, "flooding"))
        for (;;) printf("-> msg aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

int main(int argc, char **argv) {
    static stanza held[64];
    int count = 0, knows_labels = 0;
    unsigned char key[64];
    int key_count = 0;
    const char *slash = strrchr(argv[0], '/'), *name = (slash ? slash + 1 : argv[0]) + strlen("age-plugin-");
    if (argc != 2) fail("one argument is expected");
    int seals = is(argv[1], "--age-plugin=recipient-v1");
    if (!seals && !is(argv[1], "--age-plugin=identity-v1")) fail("an unknown state machine");
    if (is(name, "deaf")) pause();
    if (is(name, "stubborn")) signal(SIGTERM, SIG_IGN);
    for (;;) {
        stanza *s = &held[count];
        read_stanza(s);
        if (is(s->words[0], "done")) break;
        if (is(s->words[0], "extension-labels")) knows_labels = 1;
        if (is(s->words[0], "wrap-file-key")) memcpy(key, s->body, (size_t)(key_count = s->body_count));
        if (is(s->words[0], "recipient-stanza") && count < 63) count++;
    }
    misbehave(name);
    if (seals) {
        seal(name, key, key_count, knows_labels);
    } else {
        for (int i = 0; i < count; i++)
            if (held[i].count > 2 && is(held[i].words[2], "honest")) {
                open_file(name, &held[i]);
                break;
            }
    }
    say("done", "", 0);
    if (is(name, "stubborn")) for (;;) pause();
    return 0;
}
