// Asks 127.0.0.1 for a name by a UDP datagram without a source port, which no ordinary socket sends: no-port NAME

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char **arguments) {
  // The UDP header (RFC 768: source port, destination port, length, no checksum), then a question for type A.
  uint8_t packet[512] = {0, 0, 0, 53, 0, 0, 0, 0, 0x12, 0x34, 1, 0, 0, 1};
  size_t at = 20;
  if (count != 2 || strlen(arguments[1]) > 250) return 2;
  for (char *label = strtok(arguments[1], "."); label != NULL; label = strtok(NULL, ".")) {
    size_t length = strlen(label);
    packet[at++] = (uint8_t)length;
    memcpy(packet + at, label, length);
    at += length;
  }
  at += 1;
  packet[at + 1] = packet[at + 3] = 1;
  at += 4;
  packet[4] = (uint8_t)(at >> 8);
  packet[5] = (uint8_t)at;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  if (raw < 0 || sendto(raw, packet, at, 0, (struct sockaddr *)&server, sizeof server) != (ssize_t)at) {
    perror("no-port");
    return 1;
  }
  return 0;
}
