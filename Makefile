# Thin front over CMake's presets. `make run` and `make test` are all a newcomer needs.
.DEFAULT_GOAL := help
PRESET ?= cpu-release
export NINJA_STATUS := [%f/%t, %e s] 
export CTEST_PROGRESS_OUTPUT = 1

help:
	@echo 'make run      build hermes and chat with the embedded model'
	@echo 'make test     build everything and run every test (release; sanitizers and fuzzers; threads)'
	@echo 'make nano     make models/hermes-nano again from nothing: data, training, evaluation'
	@echo 'make bench    measure this machine and the engine on it'
	@echo 'make format   clang-format all sources          make tidy   run clang-tidy over src/'
	@echo 'make build    only build; PRESET=cpu-debug and the others of CMakePresets.json'

packages:
	@tools/install_packages.sh

build: packages
	@test -f build/$(PRESET)/build.ninja || cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) $(TARGET)

# A chat in the terminal with the embedded model.
run: build
	@build/$(PRESET)/hermes chat

# Makes models/hermes-nano again from nothing: data, vocabulary, training, evaluation, card. Two hours on two cores.
nano: build
	@recipes/nano/make.sh

# Three builds: the product; clang with AddressSanitizer, UBSan and the fuzz targets; clang with ThreadSanitizer.
test: test-release test-sanitizers test-threads

test-release:
	@echo '== 1/3 release build, every test'
	@$(MAKE) --no-print-directory build PRESET=cpu-release
	@ctest --preset cpu-release -j$(shell nproc)

test-sanitizers:
	@echo '== 2/3 clang, AddressSanitizer and UBSan, fuzz targets'
	@$(MAKE) --no-print-directory build PRESET=asan-ubsan
	@ctest --preset asan-ubsan -j$(shell nproc)

test-threads:
	@echo '== 3/3 ThreadSanitizer, the tests that start threads'
	@$(MAKE) --no-print-directory build PRESET=tsan TARGET='--target thread_tests'
	@ctest --preset tsan -L '[+]threads$$' -j$(shell nproc)

bench: build
	@build/$(PRESET)/bench/decoder_bench

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

tidy: build
	@git ls-files 'src/*.cpp' | grep -v -e _test.cpp -e _bench.cpp -e kernels/cpu/avx -e kernels/cpu/neon | xargs -P $(shell nproc) -n 4 clang-tidy -quiet --extra-arg=-Wno-unknown-warning-option -p build/$(PRESET)

clean:
	@rm -rf build

.PHONY: help packages build run nano test test-release test-sanitizers test-threads bench format tidy clean
