/* The cost of OpenSSL alone, for benches/tls: a download, and the memory of idle connections at a server.
 *
 *     tls_floor download PORT [PIECE]   receives /100m; with PIECE it also passes strings of that length to a Lua function
 *     tls_floor idle_server FOLDER N    N connections from Python's ssl; FOLDER has good.pem and good.key;
 *                                     BENCH_PROTOCOL=tlsv1_2 for TLS 1.2
 */
#include <arpa/inet.h>
#include <lauxlib.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void fail(const char *what) {
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static double cpu(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void download(int port, size_t piece) {
    static char buffer[16384];
    static const char request[] = "GET /100m HTTP/1.0\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in address = loopback(port);
    lua_State *L = luaL_newstate();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    int number = socket(AF_INET, SOCK_STREAM, 0), count;
    long total = 0;
    double start;
    if (connect(number, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    SSL_set_fd(ssl, number);
    if (SSL_connect(ssl) != 1) fail("handshake");
    SSL_write(ssl, request, sizeof request - 1);
    if (luaL_loadstring(L, "local piece = ... return 1") != 0) fail("load");
    start = cpu();
    while ((count = SSL_read(ssl, buffer, sizeof buffer)) > 0) {
        total += count;
        for (size_t from = 0; piece > 0 && from < (size_t)count; from += piece) {
            size_t left = count - from;
            lua_pushvalue(L, 1);
            lua_pushlstring(L, buffer + from, left < piece ? left : piece);
            lua_call(L, 1, 1);
            lua_settop(L, 1);
        }
    }
    printf("wall=0 cpu=%.9f amount=%ld peak=0\n", cpu() - start, total);
}

static long anonymous_memory(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    long kilobytes = 0;
    while (file && fgets(line, sizeof line, file)) sscanf(line, "RssAnon: %ld", &kilobytes);
    if (file) fclose(file);
    return kilobytes * 1024;
}

static void idle_server(const char *folder, int count) {
    enum { WARM = 50 };
    char command[1000], path[1000], line[100];
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    const char *protocol = getenv("BENCH_PROTOCOL");
    long before = 0;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (protocol && strcmp(protocol, "tlsv1_2") == 0) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    snprintf(path, sizeof path, "%s/good.pem", folder);
    if (SSL_CTX_use_certificate_chain_file(context, path) != 1) fail("certificate");
    snprintf(path, sizeof path, "%s/good.key", folder);
    if (SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1) fail("key");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(command, sizeof command,
             "python3 -c 'import socket, ssl, sys\n"
             "context = ssl._create_unverified_context()\n"
             "held = []\n"
             "for _ in range(%d):\n"
             "    held.append(context.wrap_socket(socket.create_connection((\"127.0.0.1\", %d))))\n"
             "    held[-1].sendall(b\"hello\\n\")\n"
             "    held[-1].recv(100)\n"
             "sys.stdin.read()'", count + WARM, ntohs(address.sin_port));
    if (!popen(command, "w")) fail("clients");
    for (int i = 0; i < count + WARM; i++) {
        SSL *ssl = SSL_new(context);
        if (i == WARM) before = anonymous_memory();
        SSL_set_fd(ssl, accept(listener, NULL, NULL));
        if (SSL_accept(ssl) != 1 || SSL_read(ssl, line, sizeof line) <= 0) fail("handshake");
        SSL_write(ssl, "answer\n", 7);
    }
    printf("wall=0 cpu=0 amount=%ld peak=0\n", (anonymous_memory() - before) / count);
    fflush(stdout);
    _Exit(0);
}

int main(int count, char **words) {
    if (count > 2 && strcmp(words[1], "download") == 0)
        download(atoi(words[2]), count > 3 ? strtoul(words[3], NULL, 10) : 0);
    else if (count > 3 && strcmp(words[1], "idle_server") == 0)
        idle_server(words[2], atoi(words[3]));
    else
        fail("usage: tls_floor");
    return 0;
}
