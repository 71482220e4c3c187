# SPDX-License-Identifier: MIT
# Recipes, $(shell), parallel jobs, a failing recipe, a make below this one.
from := $(shell echo shell)
all: a b c
	@echo $(from) all
	@$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) below
	-@exit 3
	@exit 4
a b c:
	@echo $@ >file.$@; sleep 0.01
below:
	@echo below
