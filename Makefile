# SPDX-License-Identifier: GPL-2.0-only
#
# make              the library and the tool, into build/
# make kmod         the modules for the running kernel, or KDIR=..., into KOUT
# make install-agent  those that a spawn takes, for kernels of that release
# make test         every layer of tests (scripts/test); LAYERS="unit fuzz"
# make unit         build and run the unit tests
# make fuzz         build the fuzz targets
# make soak         what takes hours: cycles, fuzzing, a kernel for debugging
# make check        format, static analysis, header self-containment
# make dump-tools   open dumps with crash and drgn; downloads 1 GB, once
# make bench        figures, as ratios within one run
# make install      DESTDIR=, PREFIX=/usr/local
# V=1 shows commands.  Every variable below can be overridden.

PREFIX		?= /usr/local
DESTDIR		?=
SBINDIR		?= $(PREFIX)/sbin
LIBDIR		?= $(PREFIX)/lib
INCLUDEDIR	?= $(PREFIX)/include
MANDIR		?= $(PREFIX)/share/man
COMPLETIONDIR	?= $(PREFIX)/share/bash-completion/completions
SRCDIR		?= $(PREFIX)/src
UNITDIR		?= $(PREFIX)/lib/systemd/system
# Where mkctl looks for the agent: init, and RELEASE/multikernel_*.ko.
AGENTDIR	?= $(PREFIX)/lib/multikernel/agent

B		:= build
CC		?= gcc
CLANG		?= clang
PKG_CONFIG	?= pkg-config
OPT		?= -O2 -g
WARN		:= -Wall -Wextra -Werror -Wstrict-prototypes \
		   -Wmissing-prototypes -Wpointer-arith -Wno-unused-parameter
HARDEN		?= -fstack-protector-strong -D_FORTIFY_SOURCE=2

# Decompressors are optional: without one the kernel unpacks itself.
PACKAGES	:= $(foreach p,liblzma:LZMA libzstd:ZSTD zlib:ZLIB liblz4:LZ4,\
		     $(if $(shell $(PKG_CONFIG) --exists \
		       $(firstword $(subst :, ,$(p))) && echo y),$(p)))
HAVE		:= $(foreach p,$(PACKAGES),-DHAVE_$(lastword $(subst :, ,$(p))))
LIBS		:= $(if $(PACKAGES),$(shell $(PKG_CONFIG) --libs \
		     $(foreach p,$(PACKAGES),$(firstword $(subst :, ,$(p))))))

INCLUDES	:= -Iinclude/uapi -Iinclude -Ilib -I.
ALL_CFLAGS	= -std=gnu11 -D_GNU_SOURCE $(WARN) $(INCLUDES) $(HAVE) \
		  -MMD -MP $(DEFINES) $(CFLAGS)
Q		:= $(if $(V),,@)
say		= $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

LIB_SRC		:= $(wildcard lib/*.c lib/*.S)
LIB_OBJ		:= $(addsuffix .o,$(addprefix $(B)/,$(basename $(LIB_SRC))))
UNIT		:= $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))
UNIT_SH		:= $(wildcard tests/unit/*.sh)
FUZZ		:= $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))

all: $(B)/mkctl $(B)/libmultikernel.a $(B)/agent/init

$(B)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) $(OPT) $(HARDEN) -fPIC -c -o $@ $<

$(B)/lib/%.o: lib/%.S
	@mkdir -p $(@D)
	$(call say,AS,$<) $(CC) $(ALL_CFLAGS) -fPIC -c -o $@ $<

$(B)/libmultikernel.a: $(LIB_OBJ)
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(B)/mkctl-obj/%.o: mkctl/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) $(OPT) $(HARDEN) -c -o $@ $<

# Written only when the folder changes, so that mkctl always knows the last one.
$(B)/agent/dir: FORCE
	@mkdir -p $(@D)
	@echo '$(AGENTDIR)' | cmp -s - $@ || echo '$(AGENTDIR)' >$@

KNOW_DIR	:= $(B)/mkctl-obj/load_agent.o $(B)/mkctl-obj/load.o
$(KNOW_DIR): private DEFINES := -DAGENTDIR='"$(AGENTDIR)"'
$(KNOW_DIR): $(B)/agent/dir

# The supervisor is a room of its own, and a command of the tool.
$(B)/serve-obj/%.o: serve/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) $(OPT) $(HARDEN) -c -o $@ $<

CTL_OBJ		:= $(patsubst mkctl/%.c,$(B)/mkctl-obj/%.o,$(wildcard mkctl/*.c))
CTL_OBJ		+= $(patsubst serve/%.c,$(B)/serve-obj/%.o,$(wildcard serve/*.c))

$(B)/mkctl: $(CTL_OBJ) $(B)/libmultikernel.a
	$(call say,LD,$@) $(CC) $(LDFLAGS) -o $@ $^ -ljson-c $(LIBS)

# Process 1 of a spawn with an agent: small, and alone in its initramfs.
INIT_SRC	:= $(wildcard init/*.c)
$(B)/agent/init: $(INIT_SRC) $(wildcard init/*.h include/multikernel/*.h \
		lib/exec_*.[ch])
	@mkdir -p $(@D)
	$(call say,CC,init) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -Iinclude \
		-Os -static -s -o $@ $(INIT_SRC)

# --- the modules --------------------------------------------------------------
# Kernel code is built in a copy, one per kernel, so that the tree stays clean.
KDIR		?= /lib/modules/$(shell uname -r)/build
KOUT		?= $(B)/kmod
KFLAGS		?=
KMOD_SRC	:= $(shell find kernel include \
		     $(wildcard samples tests/machine/modules) -type f) version.h

kmod:
	@mkdir -p $(KOUT)
	$(Q)for f in $(KMOD_SRC); do \
		mkdir -p "$(KOUT)/$$(dirname $$f)"; \
		cmp -s $$f "$(KOUT)/$$f" || cp $$f "$(KOUT)/$$f"; \
	done
	$(Q)$(MAKE) -C $(KDIR) M=$(abspath $(KOUT))/kernel $(KFLAGS) modules
	$(Q)find $(KOUT) -mindepth 2 -name '*.ko' -exec cp {} $(KOUT)/ \;

# --- tests --------------------------------------------------------------------
SANITIZE	:= -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		   -fno-omit-frame-pointer

$(B)/san/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,"$< (sanitized)") $(CC) $(ALL_CFLAGS) $(SANITIZE) -c -o $@ $<

$(B)/san/lib/%.o: lib/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

SAN_OBJ		:= $(addsuffix .o,$(addprefix $(B)/san/,$(basename $(LIB_SRC))))
$(B)/san/libmultikernel.a: $(SAN_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/unit/%: tests/unit/%.c $(B)/san/libmultikernel.a
	@mkdir -p $(@D)
	$(call say,TEST,$<) $(CC) $(ALL_CFLAGS) -Ikernel/host -Itests/unit \
		$(SANITIZE) -MF $@.d -o $@ $< $(B)/san/libmultikernel.a \
		-ljson-c -lpthread $(LIBS)

# Programs that machine tests take along; static, for a busybox machine.
MACHINE		:= $(addprefix $(B)/tests/machine/,bind coretasks ioctls killat ports \
			reports vmcore ward witness)

$(B)/tests/machine/%: tests/machine/%.c tests/machine/verdict.h \
		include/uapi/linux/multikernel.h
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(INCLUDES) \
		$(OPT) -static -o $@ $(filter %.c,$^)

# Those of several files.
MACHINE		+= $(addprefix $(B)/tests/machine/,mkfuzz soak)
$(B)/tests/machine/mkfuzz $(B)/tests/machine/soak: tests/machine/measure.c \
		tests/machine/measure.h
$(B)/tests/machine/mkfuzz: $(wildcard tests/machine/mkfuzz*.[ch])

$(B)/tests/machine/%.so: tests/machine/%.c include/uapi/linux/multikernel.h
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(INCLUDES) \
		$(OPT) -shared -fPIC -o $@ $< -ldl

machine-programs: $(MACHINE) $(B)/tests/machine/other_abi.so

unit-programs: $(UNIT)

unit: $(UNIT) $(B)/mkctl
	$(Q)tests/unit/run $(UNIT) $(UNIT_SH)

# A fuzz target is linked with the library's sources built for the fuzzer.
FUZZFLAGS	:= -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
		   -fno-sanitize-recover=all
$(B)/fuzz/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$<) $(CLANG) $(ALL_CFLAGS) $(FUZZFLAGS) -c -o $@ $<

$(B)/fuzz/lib/%.o: lib/%.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(ALL_CFLAGS) -c -o $@ $<

FUZZ_OBJ	:= $(addsuffix .o,$(addprefix $(B)/fuzz/,$(basename $(LIB_SRC))))
$(B)/fuzz/libmultikernel.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/fuzz/libmultikernel.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$<) $(CLANG) $(ALL_CFLAGS) -Wno-missing-prototypes \
		-Ikernel/host $(FUZZFLAGS) -fsanitize=fuzzer -MF $@.d -o $@ $< \
		$(B)/fuzz/libmultikernel.a $(LIBS)

fuzz: $(FUZZ)

LAYERS		?=
test:
	scripts/test $(LAYERS)

check:
	scripts/check

dump-tools: all
	tests/dump/run

soak:
	scripts/soak

bench: all
	bench/run

# The whole fault matrix, and its table in docs/faults.md.
matrix: machine-programs
	scripts/matrix --run

# --- install ------------------------------------------------------------------
install: all
	install -D -m 755 $(B)/mkctl $(DESTDIR)$(SBINDIR)/mkctl
	install -D -m 644 $(B)/libmultikernel.a $(DESTDIR)$(LIBDIR)/libmultikernel.a
	install -d $(DESTDIR)$(INCLUDEDIR)/multikernel $(DESTDIR)$(INCLUDEDIR)/linux
	install -m 644 lib/*.h include/multikernel/*.h $(DESTDIR)$(INCLUDEDIR)/multikernel
	install -m 644 include/uapi/linux/multikernel.h $(DESTDIR)$(INCLUDEDIR)/linux
	for page in man/*.8; do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man8/$$(basename $$page); \
	done
	install -D -m 644 completion/mkctl.bash $(DESTDIR)$(COMPLETIONDIR)/mkctl
	install -D -m 755 $(B)/agent/init $(DESTDIR)$(AGENTDIR)/init
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local/sbin|$(SBINDIR)|' systemd/multikernel@.service \
		>$(DESTDIR)$(UNITDIR)/multikernel@.service

# For the spawns of one kernel release; without debug information, for they go
# into the spawn's memory.
AGENT_KO	:= multikernel_channel.ko multikernel_spawn.ko multikernel_virtio.ko
install-agent: kmod $(B)/agent/init
	install -D -m 755 $(B)/agent/init $(DESTDIR)$(AGENTDIR)/init
	release=$$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' \
		$(KDIR)/include/generated/utsrelease.h 2>/dev/null); \
	[ -n "$$release" ] || { \
		echo "cannot tell the kernel's release: no UTS_RELEASE in" \
			"$(KDIR)/include/generated/utsrelease.h" >&2; \
		exit 1; \
	}; \
	install -d $(DESTDIR)$(AGENTDIR)/$$release && \
	for ko in $(AGENT_KO); do \
		install -m 644 $(KOUT)/$$ko $(DESTDIR)$(AGENTDIR)/$$release/ && \
		strip -g $(DESTDIR)$(AGENTDIR)/$$release/$$ko || exit 1; \
	done

clean:
	rm -rf $(B)

.PHONY: all kmod unit unit-programs machine-programs fuzz test check bench \
	matrix soak dump-tools install install-agent clean FORCE
.SECONDARY:

-include $(wildcard $(B)/lib/*.d $(B)/mkctl-obj/*.d $(B)/serve-obj/*.d $(B)/san/lib/*.d \
	$(B)/fuzz/lib/*.d $(B)/tests/unit/*.d $(B)/tests/fuzz/*.d)
