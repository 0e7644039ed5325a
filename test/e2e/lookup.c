/* lookup NAME COUNT: asks the C library COUNT times, as programs do, and prints its answers, one question a line. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found, *each;
  char text[NI_MAXHOST];
  if (argc != 3) return 2;
  for (int count = atoi(argv[2]); count > 0; count--) {
    int failure = getaddrinfo(argv[1], NULL, &hints, &found);
    if (failure != 0) {
      puts(gai_strerror(failure));
      continue;
    }
    for (each = found; each != NULL; each = each->ai_next) {
      getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
      printf("%s%s", each == found ? "" : " ", text);
    }
    puts("");
    freeaddrinfo(found);
  }
  return 0;
}
