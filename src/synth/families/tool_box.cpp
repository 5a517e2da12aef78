#include "synth/families/tool_box.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "synth/words.h"

namespace hermes::synth {
namespace {

template <class... A>
std::string one_of(Dice& dice, std::initializer_list<std::string_view> wordings, const A&... args) {
  return fmt::format(fmt::runtime(dice.pick(wordings)), args...);
}
std::string time_of_day(Dice& dice) { return fmt::format("{:02}:{:02}", dice.between(7, 21), 5 * dice.between(0, 11)); }

ToolUse weather(Dice& dice) {
  const std::string city(dice.pick(cities()));
  const int64_t degrees = dice.between(-9, 35);
  const std::string sky = dice.pick({"sunny", "rainy", "cloudy", "windy", "snowy"});
  return {one_of(dice, {"What is the weather in {}?", "How is the weather in {} today?", "Tell me the weather in {}."},
                 city),
          "the weather in " + city,
          {{"city", city}},
          {{"degrees", degrees}, {"sky", sky}},
          fmt::format("It is {} and {} degrees in {}.", sky, degrees, city),
          {sky, fmt::format("{}", degrees), city}};
}

ToolUse local_time(Dice& dice) {
  const std::string city(dice.pick(cities())), time = time_of_day(dice);
  return {one_of(dice, {"What time is it in {}?", "Tell me the local time in {}.", "How late is it in {} now?"}, city),
          "the time in " + city,
          {{"city", city}},
          {{"time", time}},
          fmt::format("It is {} in {}.", time, city),
          {time, city}};
}

ToolUse timer(Dice& dice) {
  const int64_t minutes = dice.between(1, 90);
  const std::string label = dice.pick({"tea", "pasta", "cake", "laundry", "break", "eggs", "rice", "nap"});
  return {one_of(dice, {"Set a timer of {0} minutes for the {1}.", "Start a {1} timer: {0} minutes."}, minutes, label),
          fmt::format("a {} minute timer for the {}", minutes, label),
          {{"minutes", minutes}, {"label", label}},
          {{"ok", true}},
          fmt::format("The {} timer is set to {} minutes.", label, minutes),
          {label, fmt::format("{}", minutes)}};
}

ToolUse message(Dice& dice) {
  const std::string to(dice.pick(first_names()));
  const std::string text =
      dice.pick({"I am late", "call me back", "dinner is ready", "see you at noon", "the train left", "happy birthday",
                 "the meeting is over", "please bring milk", "I am at home"});
  return {one_of(dice, {"Send {0} the message \"{1}\".", "Text {0}: \"{1}\".", "Write to {0}: \"{1}\"."}, to, text),
          fmt::format("the message \"{}\" to {}", text, to),
          {{"to", to}, {"text", text}},
          {{"ok", true}},
          fmt::format("The message to {} is sent.", to),
          {to}};
}

ToolUse currency(Dice& dice) {
  const int64_t amount = dice.between(5, 900), result = dice.between(5, 900);
  auto two = dice.sample(std::vector<std::string>{"EUR", "USD", "GBP", "JPY", "CHF", "SEK", "INR"}, 2);
  return {one_of(dice, {"How much is {0} {1} in {2}?", "Convert {0} {1} to {2}.", "Change {0} {1} into {2}."}, amount,
                 two[0], two[1]),
          fmt::format("{} {} in {}", amount, two[0], two[1]),
          {{"amount", amount}, {"from", two[0]}, {"to", two[1]}},
          {{"amount", result}},
          fmt::format("{} {} are {} {}.", amount, two[0], result, two[1]),
          {fmt::format("{}", result), two[1]}};
}

ToolUse light(Dice& dice) {
  const std::string room =
      dice.pick({"kitchen", "bedroom", "bathroom", "office", "garage", "garden", "hall", "cellar"});
  const bool on = dice.chance(0.5);
  const std::string state = on ? "on" : "off";
  return {one_of(dice, {"Turn {1} the light in the {0}.", "Switch the {0} light {1}.", "{0} light {1}, please."}, room,
                 state),
          fmt::format("the {} light {}", room, state),
          {{"room", room}, {"on", on}},
          {{"ok", true}},
          fmt::format("The light in the {} is {}.", room, state),
          {room, state}};
}

ToolUse event(Dice& dice) {
  const std::string title =
      dice.pick({"lunch", "dentist", "yoga", "meeting", "concert", "haircut", "chess club", "party"});
  const std::string day(dice.pick(weekdays())), time = time_of_day(dice);
  return {one_of(dice,
                 {"Put {0} in my calendar for {1} at {2}.", "Add an event: {0}, {1}, {2}.",
                  "I have {0} on {1} at {2}, note it down."},
                 title, day, time),
          fmt::format("{} on {} at {}", title, day, time),
          {{"title", title}, {"day", day}, {"time", time}},
          {{"ok", true}},
          fmt::format("{} is in your calendar for {} at {}.", title, day, time),
          {title, day, time}};
}

ToolUse table(Dice& dice) {
  const std::string place =
      dice.pick({"Luna", "Roma", "Blue Door", "Old Mill", "Sakura", "Corner", "Green Fork", "Harbor"});
  const int64_t people = dice.between(2, 12);
  const std::string time = time_of_day(dice);
  return {
      one_of(dice, {"Book a table for {1} at {0}, {2}.", "Reserve {0} for {1} people at {2}."}, place, people, time),
      fmt::format("a table for {} at {}, {}", people, place, time),
      {{"restaurant", place}, {"people", people}, {"time", time}},
      {{"confirmed", true}},
      fmt::format("Your table at {} for {} people at {} is booked.", place, people, time),
      {place, fmt::format("{}", people), time}};
}

ToolUse stock(Dice& dice) {
  const std::string symbol =
      dice.pick({"AXO", "BLT", "CRN", "DVK", "EPI", "FLM", "GRD", "HLX", "IVY", "JUN", "KTM", "LUX"});
  const int64_t price = dice.between(3, 800);
  return {
      one_of(dice, {"What does the share {} cost?", "Give me the stock price of {}.", "How is {} trading?"}, symbol),
      "the price of " + symbol,
      {{"symbol", symbol}},
      {{"price", price}},
      fmt::format("{} trades at {}.", symbol, price),
      {symbol, fmt::format("{}", price)}};
}

ToolUse distance(Dice& dice) {
  auto two = dice.sample(cities(), 2);
  const int64_t km = dice.between(40, 9900);
  return {one_of(dice, {"How far is it from {} to {}?", "What is the distance between {} and {}?"}, two[0], two[1]),
          fmt::format("the distance from {} to {}", two[0], two[1]),
          {{"from", two[0]}, {"to", two[1]}},
          {{"km", km}},
          fmt::format("It is {} km from {} to {}.", km, two[0], two[1]),
          {fmt::format("{}", km)}};
}

ToolUse phone(Dice& dice) {
  const std::string name(dice.pick(first_names()));
  const std::string number = fmt::format("{}-{}", dice.between(100, 999), dice.between(1000, 9999));
  return {one_of(dice, {"What is the phone number of {}?", "Look up {} in my contacts.", "I need {}'s number."}, name),
          fmt::format("the number of {}", name),
          {{"name", name}},
          {{"phone", number}},
          fmt::format("The number of {} is {}.", name, number),
          {name, number}};
}

ToolUse music(Dice& dice) {
  const std::string style = dice.pick({"jazz", "rock", "folk", "piano", "opera", "blues", "pop", "techno"});
  const int64_t volume = dice.between(1, 10);
  return {one_of(dice, {"Play {0} at volume {1}.", "Put on some {0}, volume {1}."}, style, volume),
          fmt::format("{} at volume {}", style, volume),
          {{"style", style}, {"volume", volume}},
          {{"playing", true}},
          fmt::format("Playing {} at volume {}.", style, volume),
          {style, fmt::format("{}", volume)}};
}

constexpr std::string_view kCity =
    R"({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})";

constexpr Tool kTools[] = {
    {"get_weather", "Weather of a city", kCity, weather},
    {"get_time", "Local time of a city", kCity, local_time},
    {"set_timer", "Start a timer",
     R"({"type": "object", "properties": {"minutes": {"type": "integer"}, "label": {"type": "string"}}, "required": ["minutes", "label"]})",
     timer},
    {"send_message", "Send a text message",
     R"({"type": "object", "properties": {"to": {"type": "string"}, "text": {"type": "string"}}, "required": ["to", "text"]})",
     message},
    {"convert_currency", "Convert money",
     R"({"type": "object", "properties": {"amount": {"type": "number"}, "from": {"type": "string"}, "to": {"type": "string"}}, "required": ["amount", "from", "to"]})",
     currency},
    {"set_light", "Turn a light on or off",
     R"({"type": "object", "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}}, "required": ["room", "on"]})",
     light},
    {"add_event", "Add an event to the calendar",
     R"({"type": "object", "properties": {"title": {"type": "string"}, "day": {"type": "string"}, "time": {"type": "string"}}, "required": ["title", "day", "time"]})",
     event},
    {"book_table", "Book a table in a restaurant",
     R"({"type": "object", "properties": {"restaurant": {"type": "string"}, "people": {"type": "integer"}, "time": {"type": "string"}}, "required": ["restaurant", "people", "time"]})",
     table},
    {"stock_price", "Price of a share",
     R"({"type": "object", "properties": {"symbol": {"type": "string"}}, "required": ["symbol"]})", stock},
    {"get_distance", "Distance between two cities",
     R"({"type": "object", "properties": {"from": {"type": "string"}, "to": {"type": "string"}}, "required": ["from", "to"]})",
     distance},
    {"find_contact", "Phone number of a person",
     R"({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})", phone},
    {"play_music", "Play music",
     R"({"type": "object", "properties": {"style": {"type": "string"}, "volume": {"type": "integer"}}, "required": ["style", "volume"]})",
     music},
};

}  // namespace

std::span<const Tool> tool_box() { return kTools; }

json::object definition(const Tool& tool) {
  return {{"type", "function"},
          {"function",
           {{"name", tool.name}, {"description", tool.description}, {"parameters", json::parse(tool.parameters)}}}};
}

}  // namespace hermes::synth
