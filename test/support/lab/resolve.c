/* resolve A|AAAA|PTR NAME: what the C library's own resolver hands to a program, in its order, one a line. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static int print_addresses(const char *name, int family) {
  struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found, *each;
  char text[NI_MAXHOST];
  if (getaddrinfo(name, NULL, &hints, &found) != 0) return 1;
  for (each = found; each != NULL; each = each->ai_next)
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0) puts(text);
  return 0;
}

static int print_name(const char *address) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;
  char text[NI_MAXHOST];
  if (getaddrinfo(address, NULL, &hints, &found) != 0) return 1;
  if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NAMEREQD) != 0) return 1;
  return puts(text) < 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  if (strcmp(argv[1], "PTR") == 0) return print_name(argv[2]);
  return print_addresses(argv[2], strcmp(argv[1], "AAAA") == 0 ? AF_INET6 : AF_INET);
}
