/* Downloads a URL many times at once with libcurl's multi interface on epoll: multi COUNT URL. See `downloads`. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

static long timeout = -1;
static int list;

static size_t discard(char *bytes, size_t size, size_t count, void *unused)
{
    (void)bytes, (void)unused;
    return size * count;
}

static int watch(CURL *easy, curl_socket_t fd, int what, void *unused, void *known)
{
    struct epoll_event event = { .data.fd = fd };
    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(list, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (epoll_ctl(list, EPOLL_CTL_MOD, fd, &event) != 0)
        epoll_ctl(list, EPOLL_CTL_ADD, fd, &event);
    (void)known;
    return 0;
}

static int set_timeout(CURLM *multi, long milliseconds, void *unused)
{
    (void)multi, (void)unused;
    timeout = milliseconds;
    return 0;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, good = 0, running = 0, left;
    struct epoll_event events[256];
    CURLM *multi;
    CURLMsg *message;
    if (count < 1)
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    list = epoll_create1(0);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timeout);
    for (int i = 0; i < count; i++) {
        CURL *easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, argv[2]);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
        curl_multi_add_handle(multi, easy);
    }
    do {
        int ready = epoll_wait(list, events, 256, (int)timeout);
        if (ready == 0)
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        for (int i = 0; i < ready; i++) {
            int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                | (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, events[i].data.fd, what, &running);
        }
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            long code = 0;
            CURL *easy = message->easy_handle;
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
            good += message->data.result == CURLE_OK && code == 200;
            curl_multi_remove_handle(multi, easy);
            curl_easy_cleanup(easy);
        }
    } while (good < count && (running || timeout >= 0));
    curl_multi_cleanup(multi);
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    while (status && fgets(line, sizeof line, status)) {
        long peak;
        if (sscanf(line, "VmHWM: %ld", &peak) == 1)
            printf("%ld\n", peak);
    }
    return good == count ? 0 : 1;
}
