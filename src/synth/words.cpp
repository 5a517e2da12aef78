#include "synth/words.h"

namespace hermes::synth {
namespace {

constexpr std::string_view kNames[] = {
    "Ann",  "Bob",  "Carl", "Dana", "Emma",  "Finn", "Gina", "Hugo",  "Iris",   "Jack",  "Kira", "Leo",  "Mia",
    "Noah", "Olga", "Paul", "Rosa", "Sam",   "Tina", "Uma",  "Vera",  "Will",   "Yara",  "Zoe",  "Adam", "Bella",
    "Chen", "Dev",  "Elif", "Fred", "Greta", "Hana", "Ivan", "Jana",  "Kofi",   "Lena",  "Marc", "Nina", "Omar",
    "Pia",  "Quin", "Ravi", "Sara", "Tom",   "Ugo",  "Vic",  "Wanda", "Ximena", "Yusuf", "Zara"};
constexpr std::string_view kThings[] = {
    "apples",  "pears",    "books",  "pens",    "coins", "stamps", "cards",   "marbles", "cookies", "oranges",
    "shells",  "stickers", "eggs",   "plums",   "beads", "balls",  "candles", "cups",    "keys",    "boxes",
    "tickets", "flowers",  "stones", "buttons", "nuts",  "lemons", "bricks",  "photos",  "bottles", "pencils"};
constexpr std::string_view kWords[] = {
    "apple",  "banana", "bread",  "bridge",     "brush",  "butter",  "candle", "carpet",   "castle",  "chair",
    "cheese", "cherry", "circle", "clock",      "cloud",  "coffee",  "copper", "cotton",   "desert",  "doctor",
    "dragon", "drum",   "eagle",  "earth",      "engine", "fabric",  "farmer", "father",   "feather", "finger",
    "flower", "forest", "fox",    "garden",     "ginger", "glass",   "grape",  "green",    "guitar",  "hammer",
    "harbor", "honey",  "horse",  "house",      "insect", "island",  "jacket", "jungle",   "kettle",  "kitten",
    "ladder", "lamp",   "lemon",  "letter",     "lion",   "lizard",  "magnet", "mango",    "market",  "meadow",
    "melon",  "metal",  "mirror", "monkey",     "moon",   "morning", "mother", "mountain", "mouse",   "needle",
    "nest",   "night",  "ocean",  "office",     "onion",  "orange",  "oven",   "owl",      "paper",   "parrot",
    "pencil", "pepper", "piano",  "pillow",     "planet", "plate",   "pocket", "pony",     "potato",  "pumpkin",
    "purple", "queen",  "rabbit", "rain",       "ribbon", "river",   "robot",  "rocket",   "saddle",  "salmon",
    "sand",   "school", "shadow", "sheep",      "silver", "sister",  "snow",   "spider",   "spoon",   "spring",
    "star",   "stone",  "storm",  "strawberry", "street", "sugar",   "summer", "sun",      "table",   "tiger",
    "tomato", "tower",  "train",  "tree",       "tulip",  "turtle",  "valley", "velvet",   "violin",  "wagon",
    "water",  "whale",  "wheel",  "window",     "winter", "wizard",  "wolf",   "wood",     "yellow",  "zebra"};
constexpr std::string_view kCities[] = {
    "Oslo",   "Paris",  "Rome",  "Berlin", "Madrid",  "Lisbon", "Vienna", "Prague", "Athens",  "Dublin", "Tokyo",
    "Seoul",  "Delhi",  "Cairo", "Lima",   "Quito",   "Boston", "Denver", "Dallas", "Miami",   "London", "Zurich",
    "Geneva", "Warsaw", "Riga",  "Sofia",  "Nairobi", "Lagos",  "Sydney", "Perth",  "Toronto", "Havana"};
constexpr std::string_view kJobs[] = {"a nurse",   "a teacher", "an engineer", "a baker",  "a pilot", "a lawyer",
                                      "a painter", "a farmer",  "a doctor",    "a singer", "a chef",  "a driver",
                                      "an actor",  "a writer",  "a plumber",   "a dentist"};
constexpr std::string_view kColours[] = {"red",    "blue",   "green", "yellow", "black", "white",
                                         "purple", "orange", "brown", "grey",   "pink",  "silver"};
constexpr std::string_view kWeekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};

}  // namespace

std::span<const std::string_view> first_names() { return kNames; }
std::span<const std::string_view> things() { return kThings; }
std::span<const std::string_view> plain_words() { return kWords; }
std::span<const std::string_view> cities() { return kCities; }
std::span<const std::string_view> jobs() { return kJobs; }
std::span<const std::string_view> colours() { return kColours; }
std::span<const std::string_view> weekdays() { return kWeekdays; }
std::span<const std::string_view> months() { return kMonths; }

std::string made_up_word(Dice& dice, int syllables) {
  static constexpr std::string_view kConsonants = "bdfgklmnprstvz", kVowels = "aeiou";
  std::string word;
  for (int i = 0; i < syllables; ++i) {
    word += dice.pick(kConsonants);
    word += dice.pick(kVowels);
  }
  if (dice.chance(0.4)) word += dice.pick(std::string_view("nrstl"));
  return word;
}

}  // namespace hermes::synth
