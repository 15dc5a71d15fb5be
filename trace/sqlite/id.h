/*
 * Ids of calls as they are stored: a UUID in its 16 bytes, which sort as its text does.
 */
#ifndef TRACE_SQLITE_ID_H
#define TRACE_SQLITE_ID_H

#include <stdbool.h>

enum { ID_BYTES = 16, ID_TEXT_BYTES = 37 };

/* False unless TEXT is a UUID in lower case: such an id is stored as the text that it is. */
bool id_pack(const char *text, unsigned char ret_id[ID_BYTES]);

void id_unpack(const unsigned char id[ID_BYTES], char ret_text[ID_TEXT_BYTES]);

#endif
