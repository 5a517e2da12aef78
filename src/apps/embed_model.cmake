# hermes_embed_model(<folder> <name> <variable>): writes an assembler file that carries the folder's files and the table
# that embedded_model.cpp reads, and puts its path into <variable>. An absent folder gives an empty table.
function(hermes_embed_model folder name variable)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.json ${folder}/*.jinja ${folder}/*.safetensors ${folder}/*.zst)
  set(data "")
  set(table "")
  set(index 0)
  foreach(file IN LISTS files)
    get_filename_component(base ${file} NAME)
    # Weights are read in place: page alignment, as a mapped file would have.
    string(APPEND data ".balign 4096\nbegin${index}: .incbin \"${file}\"\nend${index}: .byte 0\n"
                       "path${index}: .asciz \"embedded:${name}/${base}\"\n")
    string(APPEND table ".quad path${index}, begin${index}, end${index}\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_model.S)
  # Position-independent code needs relocated pointers: the table is data that the loader writes once.
  file(CONFIGURE OUTPUT ${output} CONTENT ".section .rodata\n${data}
.section .data.rel.ro, \"aw\"
.balign 8
.globl hermes_embedded_files
hermes_embedded_files:
${table}.quad 0, 0, 0
.section .note.GNU-stack, \"\", %progbits
" @ONLY)
  set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${files}" LANGUAGE ASM)
  set(${variable} ${output} PARENT_SCOPE)
endfunction()
