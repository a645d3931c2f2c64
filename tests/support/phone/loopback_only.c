/* Preloaded into the test phone's adbd: whatever address it wants to listen on, it gets the loopback one. adbd
   has no option for that, and a daemon without a key must not be reachable from outside this machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef int (*bind_function)(int, const struct sockaddr *, socklen_t);

int bind(int descriptor, const struct sockaddr *address, socklen_t length) {
  static bind_function real;
  if (!real)
    real = (bind_function)dlsym(RTLD_NEXT, "bind");

  if (address->sa_family == AF_VSOCK) { /* the host of a virtual machine could connect */
    errno = EACCES;
    return -1;
  }
  if (address->sa_family == AF_INET) {
    struct sockaddr_in local;
    memcpy(&local, address, sizeof local);
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real(descriptor, (struct sockaddr *)&local, sizeof local);
  }
  if (address->sa_family == AF_INET6) {
    /* adbd listens on [::], for both versions at once; ::ffff:127.0.0.1 keeps the port and IPv4's loopback */
    struct sockaddr_in6 local;
    memcpy(&local, address, sizeof local);
    memset(&local.sin6_addr, 0, sizeof local.sin6_addr);
    local.sin6_addr.s6_addr[10] = local.sin6_addr.s6_addr[11] = 0xff;
    local.sin6_addr.s6_addr[12] = 127;
    local.sin6_addr.s6_addr[15] = 1;
    return real(descriptor, (struct sockaddr *)&local, sizeof local);
  }
  return real(descriptor, address, length);
}
