/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbells of the channel's ring (kernel/channel/ring.c), for spin.
 *
 * Each CPU has a store buffer, as x86 has (Intel SDM volume 3, 9.2.3.4): what
 * it stores comes to memory in order, but at any later time, and its loads do
 * not wait for that.  A barrier waits until the buffer is empty.  Neither side
 * ever loads a word that it stores itself, so loads look at memory only.
 *
 * A message takes one or two cells; each holds its number and its length, so
 * that one that is lost, doubled, out of order or half-written is seen.  Who
 * sleeps wakes by a doorbell or when the peer's end is told.  Anybody may die
 * before any step of his, with what is in his store buffer or without; the
 * other one must then still come to an end.
 *
 * What spin checks: the assertions, and that nobody is left asleep when
 * nothing else can happen.
 *
 * Left out in turn, by -D, each of which must be found (tests/model/run):
 *	NO_BARRIER_PUT	NO_BARRIER_ARM	NO_BARRIER_ROOM	NO_BARRIER_TAKE
 *	NO_RECHECK_ARM	NO_RECHECK_ROOM	NO_BROADCAST
 * or done in the wrong order:
 *	PUBLISH_FIRST (tail, then the bytes)	RELEASE_FIRST (head, then read)
 * or off by one:
 *	EVENT_LATE
 */
#define CELLS	 4
#define HALF	 2
#define MESSAGES 5
#define MODULO	 32 /* of the indices, which are modulo 2^32 in truth */
#define START	 28 /* so that they wrap */
#define DEPTH	 3 /* of a store buffer */

#define PRODUCER 0
#define CONSUMER 1

/* Words of memory; the cells follow. */
#define TAIL	   0
#define ROOM_EVENT 1
#define HEAD	   2
#define EVENT	   3
#define CELL(at)   (4 + (at) % CELLS)

byte memory[4 + CELLS];
chan stores[2] = [DEPTH] of { byte, byte };
bool bell[2]; /* rung, and not yet answered */
bool dead[2];
bool ended; /* the survivor is told that its peer has ended */

#define LESS(a, b) (((a) + MODULO - (b)) % MODULO)
#define PASSED(event, now, old) \
	(LESS(LESS(now, event), 1) < LESS(now, old))

#ifndef EVENT_LATE
#define EVENT_WISH(head) (head)
#else
#define EVENT_WISH(head) (((head) + 1) % MODULO)
#endif
#define ROOM_WISH(tail) LESS((tail) + HALF, CELLS + 1)

#define STORE(me, word, value) stores[me] ! word, value
#define BARRIER(me)	       empty(stores[me])

/* Until the bell is rung; "gone" is set when the peer has ended instead. */
inline sleep(me)
{
	if
	:: d_step { bell[me] -> bell[me] = false }
	:: d_step { !bell[me] && ended -> gone = true }
	fi
}

inline write_cells()
{
	STORE(PRODUCER, CELL(tail), sent * 2 + length - 1);
	if
	:: length == 2 -> STORE(PRODUCER, CELL(tail + 1), sent * 2 + 1)
	:: else
	fi
}

/* mkc_tx_put(), mkc_tx_wait_room().  One step has one access to memory. */
proctype producer()
{
	byte tail = START, head, sent, length;
	bool gone;

	{
		do
		:: sent == MESSAGES || gone -> break
		:: else ->
			atomic {
				if
				:: length == 0 -> length = 1
				:: length == 0 -> length = 2
				:: else /* the one that found no room */
				fi;
				head = memory[HEAD];
				assert(LESS(tail, head) <= CELLS)
			}
			if
			:: CELLS - LESS(tail, head) >= length ->
#ifndef PUBLISH_FIRST
				write_cells();
				STORE(PRODUCER, TAIL, (tail + length) % MODULO);
#else
				STORE(PRODUCER, TAIL, (tail + length) % MODULO);
				write_cells();
#endif
#ifndef NO_BARRIER_PUT
				BARRIER(PRODUCER);
#endif
				d_step {
					tail = (tail + length) % MODULO;
					bell[CONSUMER] = bell[CONSUMER] ||
						PASSED(memory[EVENT], tail,
						       LESS(tail, length));
					length = 0;
					head = 0;
					sent++
				}
			:: else ->
				STORE(PRODUCER, ROOM_EVENT, ROOM_WISH(tail));
#ifndef NO_BARRIER_ROOM
				BARRIER(PRODUCER);
#endif
#ifndef NO_RECHECK_ROOM
				head = memory[HEAD];
#endif
				if
				:: CELLS - LESS(tail, head) >= HALF
				:: else -> sleep(PRODUCER)
				fi;
				head = 0
			fi
		od
	} unless {
		dead[PRODUCER]
	}
}

inline read_cells()
{
	d_step {
		length = 1 + memory[CELL(head)] % 2;
		assert(memory[CELL(head)] / 2 == received);
		assert(length <= LESS(tail, head))
	}
	if
	:: length == 2 ->
		assert(memory[CELL(head + 1)] == received * 2 + 1)
	:: else
	fi
}

/* mkc_rx_peek(), mkc_rx_release(), mkc_rx_arm() */
proctype consumer()
{
	byte head = START, tail, received, length;
	bool gone;

	{
		do
		:: received == MESSAGES -> break
		:: else ->
			d_step {
				tail = memory[TAIL];
				assert(LESS(tail, head) <= CELLS)
			}
			if
			:: tail != head ->
#ifndef RELEASE_FIRST
				read_cells();
				STORE(CONSUMER, HEAD, (head + length) % MODULO);
#else
				length = 1 + memory[CELL(head)] % 2;
				STORE(CONSUMER, HEAD, (head + length) % MODULO);
				read_cells();
#endif
#ifndef NO_BARRIER_TAKE
				BARRIER(CONSUMER);
#endif
				d_step {
					head = (head + length) % MODULO;
					bell[PRODUCER] = bell[PRODUCER] ||
						PASSED(memory[ROOM_EVENT], head,
						       LESS(head, length));
					length = 0;
					tail = 0;
					received++
				}
			:: tail == head && gone ->
				/* all that came out of the dead one is read */
				break
			:: else ->
				STORE(CONSUMER, EVENT, EVENT_WISH(head));
#ifndef NO_BARRIER_ARM
				BARRIER(CONSUMER);
#endif
#ifndef NO_RECHECK_ARM
				tail = memory[TAIL];
#endif
				if
				:: tail != head
				:: else -> sleep(CONSUMER)
				fi;
				tail = 0
			fi
		od;
		assert(received == MESSAGES || gone)
	} unless {
		dead[CONSUMER]
	}
}

/* What has not come out when the end is told never does. */
proctype buffer(byte me)
{
	byte word, value;

end:	do
	:: atomic {
		nempty(stores[me]) && !(dead[me] && ended) ->
		stores[me] ? word, value;
		memory[word] = value;
		word = 0;
		value = 0
	}
	od
}

/* It strikes at any time, once. */
proctype fate()
{
	if
	:: dead[PRODUCER] = true
	:: dead[CONSUMER] = true
	fi;
#ifndef NO_BROADCAST
	ended = true
#endif
}

init
{
	atomic {
		memory[TAIL] = START;
		memory[ROOM_EVENT] = START;
		memory[HEAD] = START;
		memory[EVENT] = START;
		run producer();
		run consumer();
		run buffer(PRODUCER);
		run buffer(CONSUMER);
		if
		:: skip /* all live */
		:: run fate()
		fi
	}
}
